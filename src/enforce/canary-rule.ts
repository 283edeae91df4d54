import type { CanaryRule, FirewallRecord, Store } from "../ports.ts";

export interface CanaryRuleDeps {
  /** Names of the firewalls that are canaries; empty: nobody waits. */
  readonly canaries: readonly string[];
  readonly store: Pick<Store, "firewalls">;
  readonly now: () => Date;
}

/** How long a new block waits for a canary that does not answer: an attacker must not profit from it for longer. */
const patienceMs = 30_000;

/** A canary that has not been brought in line for so long is of no use. */
const uselessMs = 150_000;

/** Which canaries new blocks have to wait for. When none has been well for a while, nobody waits for an answer. */
export function createCanaryRule({
  canaries,
  store,
  now,
}: CanaryRuleDeps): () => Promise<CanaryRule | undefined> {
  const isUseful = ({ inSyncAt, unreachableSince }: FirewallRecord, nowMs: number): boolean =>
    nowMs - (inSyncAt?.getTime() ?? nowMs) < uselessMs &&
    nowMs - (unreachableSince?.getTime() ?? nowMs) < patienceMs;
  return async () => {
    if (canaries.length === 0) {
      return undefined;
    }
    const nowMs = now().getTime();
    const records = await store.firewalls();
    const isWorthWaiting = canaries.some((name) => {
      const record = records.find((record) => record.name === name);
      return record === undefined || isUseful(record, nowMs);
    });
    return { canaries, givenUpBefore: new Date(isWorthWaiting ? nowMs - patienceMs : nowMs) };
  };
}
