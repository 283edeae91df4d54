import { type BacktestOptions, createBacktest } from "../../src/decide/backtest.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { Finding } from "../../src/domain/finding.ts";
import type { Policy } from "../../src/domain/policy.ts";
import type { PastDecision } from "../../src/ports.ts";
import { after, prefix } from "../fakes/samples.ts";
import { type Changes, decideOn, least, nothingStands, policyWith, rule } from "./decide-desk.ts";

export const hour = 3600;

export interface Past extends Changes {
  /** Hours after `t0`. */
  readonly at?: number;
  readonly count?: number;
}

/** What was decided then, by the default policy. */
export function past(
  findings: readonly Finding[],
  { at = 0, count = 5, ...changes }: Past = {},
): PastDecision {
  const now = after(at * hour);
  return pastOf(decideOn(findings, { alertId: `al_${at}`, now, ...changes }), count);
}

export function pastOf(decision: Decision, count = 5): PastDecision {
  const { ip, decidedAt, inputs } = decision;
  return {
    decision,
    sighting: { ip, count, fields: ["src_ip"], severity: null },
    searchName: inputs.searchName,
    seenAt: decidedAt,
  };
}

/** Decided while a block stood that ends so many hours after `t0`. */
export function alreadyBlocked(at: number, until: number, changes: Past = {}): PastDecision {
  const block = {
    id: "bl_1",
    prefix: prefix("203.0.113.45/32"),
    mode: "enforce",
    groups: null,
    decisionId: "de_1",
    createdAt: after(0),
    expiresAt: after(until * hour),
  } as const;
  return past([], { at, standing: { ...nothingStands, block }, ...changes });
}

export function backtest(
  policy: Policy,
  decisions: readonly PastDecision[],
  changes: Partial<BacktestOptions> = {},
) {
  const test = createBacktest({ policy, protectedReason: () => null, ...changes });
  for (const one of decisions) {
    test.add(one);
  }
  return test.result();
}

/** What another policy would change for the one address. */
export function changeBy(policy: Policy, decisions: readonly PastDecision[]): string {
  return backtest(policy, decisions).items[0]?.change ?? "same";
}

export const strict = policyWith({ block: [rule([least("virustotal.malicious", 1)])] });
export const mild = policyWith({ block: [rule([least("virustotal.malicious", 50)])], hold: [] });
export const asking = policyWith({ block: [], hold: [rule([least("virustotal.malicious", 1)])] });
