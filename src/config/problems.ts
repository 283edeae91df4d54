import { AppError } from "../domain/errors.ts";

/** Collects what is wrong, so that a person learns all of it at once. */
export interface Problems {
  /** @param where a setting's name, or `file:line:col`; @param what what is wrong and what is expected, never a value */
  add(where: string, what: string): void;
  /** So many more, of which nobody is told what they are. */
  leaveOut(count: number): void;
  readonly any: boolean;
  /** As many are collected as are told: any further one is only counted. */
  readonly isFull: boolean;
  /** One for each problem, at most 100; a last one says how many more there are. */
  readonly lines: readonly string[];
  /**
   * Does nothing when there is no problem.
   * @param warnings told too, because a misspelt name may be why something is missing
   * @throws {AppError} CONFIG_INVALID with one line for each problem and each warning
   */
  throwIfAny(warnings: readonly string[]): void;
}

/** Nobody reads more at once, and each place takes time to find. */
const mostTold = 100;

export function createProblems(): Problems {
  const lines = new Set<string>();
  let leftOut = 0;
  const told = (): readonly string[] => [...lines, ...(leftOut === 0 ? [] : [`… and ${leftOut} more`])];
  return {
    add(where, what) {
      const line = `${where}: ${what}`;
      if (lines.size < mostTold) {
        lines.add(line);
      } else if (!lines.has(line)) {
        leftOut += 1;
      }
    },
    leaveOut(count) {
      leftOut += count;
    },
    get any() {
      return lines.size > 0;
    },
    get isFull() {
      return lines.size >= mostTold;
    },
    get lines() {
      return told();
    },
    throwIfAny(warnings) {
      if (lines.size > 0) {
        const all = [...told(), ...warnings.map((warning) => `warning: ${warning}`)];
        throw new AppError("CONFIG_INVALID", all.join("\n"), { retryable: false });
      }
    },
  };
}
