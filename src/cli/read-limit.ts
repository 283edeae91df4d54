import { wrongArgument } from "./wrong-argument.ts";

const usualLimit = 50;

/** How many lines of a list are wanted; 50 when nobody says. @throws {AppError} CONFIG_INVALID */
export function readLimit(text: string | undefined): number {
  if (text === undefined) {
    return usualLimit;
  }
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw wrongArgument("--limit: expected a whole number from 1 to 999999");
  }
  return Number(text);
}
