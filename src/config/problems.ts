import { AppError } from "../domain/errors.ts";

/** Collects what is wrong, so that a person learns all of it at once. */
export interface Problems {
  /** @param where a setting's name, or `file:line:col`; @param what what is wrong and what is expected, never a value */
  add(where: string, what: string): void;
  readonly any: boolean;
  /** One for each problem. */
  readonly lines: readonly string[];
  /**
   * Does nothing when there is no problem.
   * @param warnings told too, because a misspelt name may be why something is missing
   * @throws {AppError} CONFIG_INVALID with one line for each problem and each warning
   */
  throwIfAny(warnings: readonly string[]): void;
}

export function createProblems(): Problems {
  const lines: string[] = [];
  return {
    lines,
    add(where, what) {
      const line = `${where}: ${what}`;
      if (!lines.includes(line)) {
        lines.push(line);
      }
    },
    get any() {
      return lines.length > 0;
    },
    throwIfAny(warnings) {
      if (lines.length > 0) {
        const told = [...lines, ...warnings.map((warning) => `warning: ${warning}`)];
        throw new AppError("CONFIG_INVALID", told.join("\n"), { retryable: false });
      }
    },
  };
}
