/** Stable codes: tests, HTTP answers and operators match on them, never on a message. */
export type ErrorCode =
  | "CONFIG_INVALID"
  | "STORE_IN_USE"
  | "STORE_UNAVAILABLE"
  | "PROVIDER_REFUSED_KEY"
  | "PROVIDER_QUOTA_EXHAUSTED"
  | "PROVIDER_UNAVAILABLE"
  | "PROVIDER_REJECTED"
  | "PROVIDER_ANSWER_INVALID"
  | "SSH_UNREACHABLE"
  | "SSH_LOGIN_REFUSED"
  | "SSH_HOST_KEY_UNKNOWN"
  | "SSH_HOST_KEY_CHANGED"
  | "FIREWALL_TIMEOUT"
  | "FIREWALL_COMMAND_FAILED"
  | "FIREWALL_NOT_VERIFIED"
  | "MAIL_UNDELIVERED"
  | "HEC_UNDELIVERED"
  | "HEC_REFUSED"
  | "SPLUNK_UNREACHABLE"
  | "SPLUNK_LOGIN_REFUSED"
  | "SPLUNK_FORBIDDEN"
  | "SPLUNK_UNKNOWN_SID"
  | "SPLUNK_NOT_READY"
  | "SPLUNK_REJECTED"
  | "SPLUNK_ANSWER_INVALID"
  | "API_UNREACHABLE"
  | "API_REFUSED";

/** A failure we expected could happen. Anything else that is thrown is a bug. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  /** True when doing the same thing again later may work. */
  readonly retryable: boolean;
  /** How long the other side asked us to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly retryable: boolean;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
