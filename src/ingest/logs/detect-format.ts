import { formats } from "./formats.ts";
import { generic } from "./formats/generic.ts";
import type { LogFormat } from "./log-event.ts";

const mostLines = 2000;
const longest = 4096;

/** The format that has written the most of these lines; null: none of them, so that only a guess is left. @param text the beginning of a log */
export function detectFormat(text: string): LogFormat | null {
  const lines = linesOf(text);
  const counts = formats
    .filter((format) => format !== generic)
    .map((format) => ({ format, count: lines.filter(format.recognises).length }));
  const best = counts.reduce((best, one) => (one.count > best.count ? one : best));
  return best.count === 0 ? null : best.format;
}

/** The same, for who can't wait for more: a failure that no format knows makes it the guess. */
export function guessFormat(text: string): LogFormat | null {
  return detectFormat(text) ?? (linesOf(text).some(generic.recognises) ? generic : null);
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n", mostLines)
    .map((line) => line.slice(0, longest))
    .filter((line) => line.trim() !== "");
}
