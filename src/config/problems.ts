import { AppError } from "../domain/errors.ts";

/** Collects what is wrong, so that a person learns all of it at once. */
export interface Problems {
  /** @param where a setting's name, or `file:line:col`; @param what what is wrong and what is expected, never a value */
  add(where: string, what: string): void;
  readonly any: boolean;
  /** @throws {AppError} CONFIG_INVALID with one line for each problem; does nothing when there is none */
  throwIfAny(): void;
}

export function createProblems(): Problems {
  const lines: string[] = [];
  return {
    add(where, what) {
      const line = `${where}: ${what}`;
      if (!lines.includes(line)) {
        lines.push(line);
      }
    },
    get any() {
      return lines.length > 0;
    },
    throwIfAny() {
      if (lines.length > 0) {
        throw new AppError("CONFIG_INVALID", lines.join("\n"), { retryable: false });
      }
    },
  };
}
