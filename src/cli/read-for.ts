import { parseDuration } from "../operate/api/wanted-shapes.ts";
import { wrongArgument } from "./wrong-argument.ts";

/** A duration that was typed. @param option its name, for the mistake. @returns seconds; infinity for `permanent`. @throws {AppError} CONFIG_INVALID */
export function readFor(option: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) {
    throw wrongArgument(
      `${option}: expected a duration like 90s, 30m, 24h, 7d, 2w or permanent, at most 3650d`,
    );
  }
  return seconds;
}
