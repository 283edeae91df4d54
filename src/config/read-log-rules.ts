import { createProblems } from "./problems.ts";
import { createSettingReader, type Environment, type SettingReader } from "./setting-reader.ts";
import { wholeNumber } from "./shapes.ts";

/** When an address in a log has failed too often. */
export interface LogRules {
  /** So many failures within the window are too many. */
  readonly threshold: number;
  readonly windowSeconds: number;
}

/** Reads the rules for counting in logs. */
export function readLogRules(reader: SettingReader): LogRules {
  return {
    threshold: reader.read("BRUTE_FORCE_THRESHOLD", wholeNumber(1, 1_000_000)) ?? 5,
    windowSeconds: (reader.read("LOOKBACK_MINUTES", wholeNumber(1, 1440)) ?? 35) * 60,
  };
}

/** The same for a command that needs no other setting. @throws {AppError} CONFIG_INVALID with every problem of these settings */
export function loadLogRules(env: Environment, cwd: string): LogRules {
  const problems = createProblems();
  const rules = readLogRules(createSettingReader(env, cwd, problems));
  problems.throwIfAny([]);
  return rules;
}
