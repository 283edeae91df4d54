import { AppError } from "../../domain/errors.ts";

/** Splunk does not know the run (any more). */
export function isUnknownSid(error: unknown): boolean {
  return error instanceof AppError && error.code === "SPLUNK_UNKNOWN_SID";
}
