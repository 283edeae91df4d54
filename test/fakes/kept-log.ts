import type { Log } from "../../src/ports.ts";

export interface KeptLog extends Log {
  /** `warn: message {fields}`, in order. */
  readonly lines: readonly string[];
}

/** Keeps what is said. */
export function keptLog(): KeptLog {
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  };
  return {
    lines,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}
