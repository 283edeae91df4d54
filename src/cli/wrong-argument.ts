import { AppError } from "../domain/errors.ts";

/** Marks what a person typed wrongly, because settings have the same code. */
const typed = Symbol("typed");

/** What a person typed can't be done. @param message says what to type instead */
export function wrongArgument(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { retryable: false, cause: typed });
}

/** The command line is wrong, not the settings. */
export function isWrongArgument({ cause }: AppError): boolean {
  return cause === typed;
}
