import { AppError } from "../domain/errors.ts";

/** What a person typed can't be done. @param message says what to type instead */
export function wrongArgument(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { retryable: false });
}
