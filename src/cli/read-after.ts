import { wrongArgument } from "./wrong-argument.ts";

/** The number of the last receipt already known; 0 when nobody says. @throws {AppError} CONFIG_INVALID */
export function readAfter(text = "0"): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw wrongArgument("--after: expected the number of a receipt");
  }
  return Number(text);
}
