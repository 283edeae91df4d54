import type { AppError, ErrorCode } from "../domain/errors.ts";

const codes: ReadonlySet<ErrorCode> = new Set([
  "API_UNREACHABLE",
  "SSH_UNREACHABLE",
  "FIREWALL_TIMEOUT",
  "SPLUNK_UNREACHABLE",
]);

/** The receiver, the firewall host or Splunk does not answer: exit code 2. */
export function isUnreachable({ code }: AppError): boolean {
  return codes.has(code);
}
