import type { Decision } from "../../src/domain/decision.ts";
import type { BlastLimits } from "../../src/domain/policy.ts";
import type { DecisionRecord, Store } from "../../src/ports.ts";
import { after, ip, recordOf, sampleDecision } from "./samples.ts";

const none: BlastLimits = {
  perMinute: null,
  perHour: null,
  perSearch: null,
  perNetwork: null,
  perAs: null,
  active: null,
};

/** What is special about a decision to block: seconds after `t0`, limits (null: a person's), fields of the decision. */
export interface BlockWish extends Partial<Decision> {
  readonly at?: number;
  readonly limits?: Partial<BlastLimits> | null;
}

/** A decision to block the address number `n`, each in a /16 of its own, within these limits. */
function wishOf(
  n: number,
  { at = 0, limits = {}, ...changes }: BlockWish,
  more: Partial<DecisionRecord> = {},
): DecisionRecord {
  const decision = sampleDecision(`de_${n}`, {
    ip: ip(`198.${n}.0.1`),
    decidedAt: after(at),
    expiresAt: after(at + 86_400),
    ...changes,
  });
  return recordOf(decision, { limits: limits === null ? null : { ...none, ...limits }, ...more });
}

/** Records it. */
export function blockWithin(
  store: Pick<Store, "recordDecision">,
  n: number,
  wish: BlockWish,
  more: Partial<DecisionRecord> = {},
): Promise<Decision> {
  return store.recordDecision(wishOf(n, wish, more));
}
