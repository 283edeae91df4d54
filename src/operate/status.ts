import type { Mode } from "../domain/decision.ts";
import { cleanText } from "../domain/clean-text.ts";
import type { AddresslessSearch, Alarm, Controls, Store, StoreCounts } from "../ports.ts";
import { providerTroubles } from "./provider-troubles.ts";
import { type FirewallReport, type FirewallsDeps, readFirewalls } from "./read-firewalls.ts";
import { readSearches, type SearchesDeps, type SearchReport } from "./read-searches.ts";
import { type ProviderReport, type ProviderStates, reportProviders } from "./read-providers.ts";
import { addresslessHint, counted, shortUtc } from "./words.ts";

/** How the program is doing. JSON form of `GET /api/v1/status`. */
export interface Status {
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: string;
  readonly counts: StoreCounts;
  readonly firewalls: readonly FirewallReport[];
  readonly providers: readonly ProviderReport[];
  readonly searches: readonly SearchReport[];
  /** Why no new blocks are made, or only with a person. */
  readonly controls: Controls;
  /** Those that go on. */
  readonly alarms: readonly Alarm[];
  /** What is not configured or not well, and what follows from it. Empty when all is well. */
  readonly troubles: readonly string[];
}

/** What of the store it needs. */
export type StatusRecords =
  | "counts"
  | "firewalls"
  | "backlogs"
  | "withdrawnBlocks"
  | "controls"
  | "openAlarms"
  | "searches"
  | "searchesWithoutAddresses";

export interface StatusDeps extends FirewallsDeps, Pick<SearchesDeps, "expectedSearches"> {
  readonly store: Pick<Store, StatusRecords>;
  readonly providers: ProviderStates;
  /** Deliveries refused since the start that may have been good ones, by reason. */
  readonly refusals: () => Readonly<Record<string, number>>;
  readonly version: string;
  readonly mode: Mode;
  readonly startedAt: Date;
}

/** @throws {AppError} STORE_UNAVAILABLE */
export async function readStatus(deps: StatusDeps): Promise<Status> {
  const lately = new Date(deps.now().getTime() - latelyMs);
  const [counts, firewalls, withdrawn, controls, alarms, providers, searches, addressless] =
    await Promise.all([
      deps.store.counts(deps.now()),
      readFirewalls(deps),
      countWithdrawn(deps),
      deps.store.controls(),
      deps.store.openAlarms(),
      reportProviders(deps.providers),
      readSearches(deps),
      deps.store.searchesWithoutAddresses(lately),
    ]);
  return {
    version: deps.version,
    mode: deps.mode,
    startedAt: deps.startedAt.toISOString(),
    counts,
    firewalls,
    providers,
    searches,
    controls,
    alarms,
    troubles: [
      ...controlTroubles(controls, counts.holdsWaiting),
      ...alarms.filter(({ key }) => !isToldElsewhere(key)).map(({ message }) => message),
      ...providers.flatMap(providerTroubles),
      // Outside mode `enforce` nobody expects anything of a firewall.
      ...(deps.mode === "enforce" ? firewalls.flatMap(firewallTroubles) : []),
      ...countedTrouble(
        withdrawn,
        `block was taken off the canary again, because the canary did not answer any more with it; no other firewall gets it meanwhile ("portcullis blocks" shows which, and with an address why)`,
        `blocks were taken off the canary again, because the canary did not answer any more with them; no other firewall gets them meanwhile ("portcullis blocks" shows which, and with an address why)`,
      ),
      ...searches.flatMap(({ name, silence }) => (silence === null ? [] : [`the search ${name} ${silence}`])),
      ...addressless.map(addresslessTrouble),
      ...countTroubles(counts),
    ],
  };
}

const latelyMs = 24 * 3_600_000;

function addresslessTrouble({ searchName, alerts, fields }: AddresslessSearch): string {
  const who = searchName === null ? "searches without a name" : `search "${cleanText(searchName, 100)}"`;
  return `${who}: no address was found in ${alerts === 1 ? "the last alert" : `any of the last ${counted(alerts, "alert")}`}: ${addresslessHint(fields)}`;
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
  pending,
  error,
  unreachableSince,
  capacity,
}: FirewallReport): readonly string[] {
  const why = error ?? "no reason known";
  const told: Readonly<Record<FirewallReport["state"], readonly string[]>> = {
    "in-sync": [],
    // It is as it was left: what was unblocked meanwhile is still dropped there.
    disabled:
      pending === 0
        ? []
        : [
            `firewall ${name} is disabled while ${pending} ${pending === 1 ? "change waits" : "changes wait"} for it, and what was unblocked since may still be dropped there: enable it, or take everything off with "portcullis firewall remove ${name}"`,
          ],
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

/** The state of providers and limits tells them more exactly. */
function isToldElsewhere(key: string): boolean {
  return key.startsWith("provider-") || key === "limit";
}

function controlTroubles({ paused, limited }: Controls, holdsWaiting: number): readonly string[] {
  const waiting = holdsWaiting === 1 ? "1 decision waits" : `${holdsWaiting} decisions wait`;
  return [
    ...(paused === null
      ? []
      : [
          `new blocks are paused since ${paused.since.toISOString()} by ${paused.actor} (${paused.reason}); ${waiting} for a person: "portcullis resume" ends it`,
        ]),
    ...(limited === null
      ? []
      : [
          `too many new blocks since ${limited.since.toISOString()} (${limited.reason}); ${limited.held} held: look at them with "portcullis approvals", then "portcullis resume" releases all`,
        ]),
  ];
}

function countTroubles(counts: StoreCounts): readonly string[] {
  return [
    ...countedTrouble(counts.alertsFailed, "alert could not be processed", "alerts could not be processed"),
    ...countedTrouble(
      counts.sightingsFailed,
      "sighted address could not be decided; the log says why",
      "sighted addresses could not be decided; the log says why",
    ),
    ...countedTrouble(
      counts.unreadableLately,
      `delivery of the last 24 h could not be read${lastOf(counts)}; "portcullis alerts --unreadable" shows it`,
      `deliveries of the last 24 h could not be read${lastOf(counts)}; "portcullis alerts --unreadable" shows them`,
    ),
    ...countedTrouble(
      counts.notificationsFailed,
      "notification could not be delivered",
      "notifications could not be delivered",
    ),
  ];
}

/** An older one is no trouble any more, or the state would never be well again. */
function lastOf({ lastUnreadableAt }: StoreCounts): string {
  return lastUnreadableAt === null ? "" : `, the last at ${shortUtc(lastUnreadableAt)}`;
}

function countedTrouble(count: number, ofOne: string, ofMany: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? ofOne : ofMany}`];
}
