import type { Mode } from "../domain/decision.ts";
import type { Store, StoreCounts } from "../ports.ts";
import { type FirewallReport, type FirewallsDeps, readFirewalls } from "./read-firewalls.ts";

/** How the program is doing. JSON form of `GET /api/v1/status`. */
export interface Status {
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: string;
  readonly counts: StoreCounts;
  readonly firewalls: readonly FirewallReport[];
  /** What is not configured or not well, and what follows from it. Empty when all is well. */
  readonly troubles: readonly string[];
}

export interface StatusDeps extends FirewallsDeps {
  readonly store: Pick<Store, "counts" | "firewalls" | "backlogs" | "withdrawnBlocks">;
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: Date;
}

/** @throws {AppError} STORE_UNAVAILABLE */
export async function readStatus(deps: StatusDeps): Promise<Status> {
  const [counts, firewalls, withdrawn] = await Promise.all([
    deps.store.counts(deps.now()),
    readFirewalls(deps),
    countWithdrawn(deps),
  ]);
  return {
    version: deps.version,
    mode: deps.mode,
    startedAt: deps.startedAt.toISOString(),
    counts,
    firewalls,
    troubles: [
      // Outside mode `enforce` nobody expects anything of a firewall.
      ...(deps.mode === "enforce" ? firewalls.flatMap(firewallTroubles) : []),
      ...countedTrouble(
        withdrawn,
        `blocks were taken off the canary again, because it did not answer any more with them; no other firewall gets them ("portcullis blocks" shows why)`,
      ),
      ...countTroubles(counts),
    ],
  };
}

/** Standing blocks that a canary has withdrawn. @throws {AppError} STORE_UNAVAILABLE */
export async function countWithdrawn({
  store,
  firewalls,
  now,
}: Pick<StatusDeps, "store" | "firewalls" | "now">): Promise<number> {
  const canaries = firewalls
    .filter(({ isCanary, isEnabled }) => isCanary && isEnabled)
    .map(({ name }) => name);
  if (canaries.length === 0) {
    return 0;
  }
  const time = now();
  const withdrawn = await Promise.all(canaries.map((name) => store.withdrawnBlocks(name, time)));
  return new Set(withdrawn.flatMap((ids) => [...ids])).size;
}

/** Fuller than this, somebody should look before nothing more can be blocked. */
const fullShare = 0.8;

function firewallTroubles({
  name,
  state,
  error,
  unreachableSince,
  capacity,
}: FirewallReport): readonly string[] {
  const why = error ?? "no reason known";
  const told: Readonly<Record<FirewallReport["state"], readonly string[]>> = {
    "in-sync": [],
    disabled: [],
    "not-reached-yet": [`firewall ${name} has not been reached yet`],
    "out-of-sync": [`firewall ${name} is out-of-sync: ${why}`],
    unreachable: [
      `firewall ${name} is unreachable${unreachableSince === null ? "" : ` since ${unreachableSince.toISOString()}`}: ${why}`,
    ],
  };
  const isNearlyFull = capacity !== null && capacity.used >= fullShare * capacity.most;
  return [
    ...told[state],
    ...(isNearlyFull && state !== "disabled"
      ? [`firewall ${name} holds ${capacity.used} of at most ${capacity.most} networks: shorten the blocks`]
      : []),
  ];
}

function countTroubles(counts: StoreCounts): readonly string[] {
  return [
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
