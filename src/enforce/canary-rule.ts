import type { CanaryRule, FirewallRecord, Store } from "../ports.ts";

export interface CanaryRuleDeps {
  /** Names of the firewalls that are canaries; empty: nobody waits. */
  readonly canaries: readonly string[];
  readonly store: Pick<Store, "firewalls">;
  readonly now: () => Date;
}

/**
 * How long a new block waits for a canary that does not answer: an attacker must not profit from it for longer. A trial that has
 * begun is waited for whatever it takes.
 */
const patienceMs = 30_000;

/** A canary that has not been brought in line for so long is of no use. */
const uselessMs = 150_000;

/** After so long without an answer its trials are over in the kernel: these blocks are not what keeps it from answering. */
const innocentMs = 120_000;

/** Which canaries new blocks have to wait for: only those that have been well of late. */
export function createCanaryRule({
  canaries,
  store,
  now,
}: CanaryRuleDeps): () => Promise<CanaryRule | undefined> {
  // What was seen before the start tells nothing of how long a canary has been silent.
  const startedMs = now().getTime();
  const ageMs = (time: Date | null, nowMs: number): number =>
    time === null ? 0 : nowMs - Math.max(time.getTime(), startedMs);
  const isAwaited = ({ inSyncAt, unreachableSince }: FirewallRecord, nowMs: number): boolean =>
    ageMs(inSyncAt, nowMs) < uselessMs && ageMs(unreachableSince, nowMs) < patienceMs;

  return async () => {
    if (canaries.length === 0) {
      return undefined;
    }
    const nowMs = now().getTime();
    const records = new Map((await store.firewalls()).map((record) => [record.name, record]));
    const those = (fits: (record: FirewallRecord) => boolean): readonly string[] =>
      canaries.filter((name) => {
        const record = records.get(name);
        return record === undefined || fits(record);
      });
    return {
      canaries,
      awaited: those((record) => isAwaited(record, nowMs)),
      givenUpBefore: new Date(nowMs - patienceMs),
      barring: those(({ unreachableSince }) => ageMs(unreachableSince, nowMs) < innocentMs),
    };
  };
}
