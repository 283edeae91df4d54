import type { Mode } from "../domain/decision.ts";
import type { FirewallRecord, Store, StoreCounts } from "../ports.ts";

/** How the program is doing. JSON form of `GET /api/v1/status`. */
export interface Status {
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: string;
  readonly counts: StoreCounts;
  readonly firewalls: readonly Omit<FirewallRecord, "ownAddresses">[];
  /** What is not configured or not well, and what follows from it. Empty when all is well. */
  readonly troubles: readonly string[];
}

export interface StatusDeps {
  readonly store: Pick<Store, "counts" | "firewalls">;
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: Date;
  /** Names of the firewalls that are configured now: the store also remembers those that were. */
  readonly firewallNames: readonly string[];
  readonly now: () => Date;
}

/** @throws {AppError} STORE_UNAVAILABLE */
export async function readStatus(deps: StatusDeps): Promise<Status> {
  const [counts, known] = await Promise.all([deps.store.counts(deps.now()), deps.store.firewalls()]);
  const firewalls = known.filter(({ name }) => deps.firewallNames.includes(name));
  return {
    version: deps.version,
    mode: deps.mode,
    startedAt: deps.startedAt.toISOString(),
    counts,
    firewalls: firewalls.map(({ name, state, error, checkedAt, inSyncAt }) => ({
      name,
      state,
      error,
      checkedAt,
      inSyncAt,
    })),
    troubles: troublesOf(deps, counts, firewalls),
  };
}

function troublesOf(
  deps: StatusDeps,
  counts: StoreCounts,
  firewalls: readonly FirewallRecord[],
): readonly string[] {
  const unseen = deps.firewallNames.filter((name) => firewalls.every((record) => record.name !== name));
  return [
    ...unseen.map((name) => `firewall ${name} has not been reached yet`),
    ...firewalls
      .filter(({ state }) => state !== "in-sync")
      .map(({ name, state, error }) => `firewall ${name} is ${state}: ${error ?? "no reason known"}`),
    ...countedTrouble(counts.alertsFailed, "alerts could not be processed"),
    ...countedTrouble(counts.sightingsFailed, "sighted addresses could not be decided; the log says why"),
    ...countedTrouble(
      counts.unreadableDeliveries,
      "deliveries could not be read; they are kept in the database",
    ),
    ...countedTrouble(counts.notificationsFailed, "notifications could not be delivered"),
  ];
}

function countedTrouble(count: number, text: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${text}`];
}
