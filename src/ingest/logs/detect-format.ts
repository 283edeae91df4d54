import { formats } from "./formats.ts";
import type { LogFormat } from "./log-event.ts";

const mostLines = 2000;
const longest = 4096;

/** The format that has written the most of these lines; null: none of them, so that only a guess is left. @param text the beginning of a log */
export function detectFormat(text: string): LogFormat | null {
  const lines = text
    .split("\n", mostLines)
    .map((line) => line.slice(0, longest))
    .filter((line) => line.trim() !== "");
  const counts = formats.map((format) => ({ format, count: lines.filter(format.recognises).length }));
  const best = counts.reduce((best, one) => (one.count > best.count ? one : best));
  return best.count === 0 ? null : best.format;
}
