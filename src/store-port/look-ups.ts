/** What is known about addresses, what is still to be asked, and what asking may cost. Types only; imported through `ports.ts`. */
import type { Activity, BlockMode } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { Candidate } from "../domain/look-up.ts";
import type { ListedNetwork, QuotaWindow } from "../ports.ts";
import type { Standing } from "./decisions.ts";
import type { Claim } from "./paging.ts";

/** All that is known about one address before anybody is asked. */
export interface AddressFacts {
  readonly standing: Standing;
  /** The newest of each provider, also expired ones. */
  readonly findings: readonly Finding[];
  /** One for each window asked for. */
  readonly activity: readonly Activity[];
  /**
   * Earlier times in which it was blocked and that nobody lifted, oldest first; the newest 100. Blocks that were in force at the same time
   * are one, and so are one and what took its place.
   */
  readonly offences: readonly { readonly from: Date; readonly until: Date }[];
}

export interface FactsWanted {
  readonly mode: BlockMode;
  readonly now: Date;
  /** Windows of activity, in seconds. */
  readonly windows: readonly number[];
  /** The end of these windows. Default is `now`. */
  readonly countedAt?: Date;
}

/** A sighting waits for providers. */
export interface Parking {
  readonly sightingId: string;
  /** When it is decided without them. */
  readonly until: Date;
  readonly reason: string;
  /** Who is to be asked. */
  readonly providers: readonly string[];
  readonly candidate: Candidate;
  readonly now: Date;
}

/** An address about which one provider is to be asked. */
export interface WaitingLookUp {
  readonly ip: IpAddress;
  readonly candidate: Candidate;
  readonly priority: number;
  readonly since: Date;
}

/** What waits for one provider. */
export interface LookUpBacklog {
  readonly provider: string;
  readonly waiting: number;
  readonly oldestAt: Date;
}

/** What came of asking one provider. All of it is one transaction. */
export interface LookUpsDone {
  readonly provider: string;
  /** To be kept; the sightings of these addresses that wait become due at once. */
  readonly findings: readonly Finding[];
  /** Need not be asked any more. */
  readonly dropped: readonly IpAddress[];
  readonly now: Date;
}

/** How much of one window is spent. */
export interface BudgetWindow {
  readonly name: QuotaWindow["name"];
  readonly limit: number;
  readonly used: number;
  /** Whether the calendar (UTC) begins new ones, or the provider tells; or nobody knows, and it slides. */
  readonly counted: "calendar" | "told" | "sliding";
  readonly startedAt: Date;
  /** Null when nobody knows. */
  readonly resetsAt: Date | null;
  /** When calls were spent: in one that slides all that count, at most 1,000, oldest first; in others the last one alone. */
  readonly recent: readonly Date[];
}

/** A call that somebody makes now, perhaps another replica. */
export interface CallUnderWay {
  /** The address or network that it is about. */
  readonly ip: string;
  /** After that it is lost: whoever made it has died. */
  readonly until: Date;
}

/** The budget of one provider's key for one kind of call, and how its provider is. JSON-safe but for dates, which the store keeps as text. */
export interface Budget {
  readonly windows: readonly BudgetWindow[];
  /** Asking is of no use before; null: it is. */
  readonly notBefore: Date | null;
  /** Why not, or why it was so last time, as a sentence; null when all is well. */
  readonly trouble: { readonly kind: "key" | "quota" | "unavailable"; readonly reason: string } | null;
  /** Failures since the last answer. */
  readonly failures: number;
  /** Since it is counted: calls that were paid, and what came of them. */
  readonly totals: {
    readonly asked: number;
    readonly known: number;
    readonly unknown: number;
    readonly failed: number;
  };
  /** Nobody else asks about these. Absent: nobody is asked about. */
  readonly underWay?: readonly CallUnderWay[];
}

/** A list of networks as it is kept. */
export interface PrefixListRecord {
  readonly name: string;
  readonly etag: string | null;
  readonly version: string;
  readonly networks: readonly ListedNetwork[];
  /** When this version was downloaded, and when it was last confirmed to be the newest. */
  readonly fetchedAt: Date;
  readonly checkedAt: Date;
}

/** Part of the store. */
export interface LookUpRecords {
  /** Facts about each of these addresses; every one is in the answer. */
  factsOf(ips: readonly IpAddress[], wanted: FactsWanted): Promise<ReadonlyMap<IpAddress, AddressFacts>>;
  /**
   * Gives a claimed sighting back until providers have answered or its time is up; each provider's look-up becomes a row, or more urgent.
   * When an answer has come that it was not made due for yet, it is due at once instead.
   */
  parkSighting(parking: Parking): Promise<void>;
  /** What is due for this provider, most urgent first. */
  claimLookUps(provider: string, claim: Claim): Promise<readonly WaitingLookUp[]>;
  /** Others of this provider that wait in this network, claimed or not. */
  lookUpsIn(provider: string, network: IpPrefix): Promise<readonly IpAddress[]>;
  /** Gives claimed ones back, to be asked not before `dueAt`. */
  postponeLookUps(provider: string, ips: readonly IpAddress[], dueAt: Date): Promise<void>;
  /** Keeps findings, newest wins; what waited for these look-ups becomes due. Also right for look-ups that no row waited for. */
  finishLookUps(done: LookUpsDone): Promise<void>;
  /** Makes everything that was put off for this provider due at once: its key or its budget is new. */
  hastenLookUps(provider: string, now: Date): Promise<void>;
  /**
   * Of these addresses, those for which a sighting waits to be decided, or a hold for a person: about the others no provider need be asked.
   * @param now holds that have lapsed by then do not count; without it those of the last week do
   */
  awaited(ips: readonly IpAddress[], now?: Date): Promise<ReadonlySet<IpAddress>>;
  /** Every sighting that is parked becomes due now, a few of them per transaction. */
  hastenParked(now: Date): Promise<void>;
  lookUpBacklogs(): Promise<readonly LookUpBacklog[]>;
  /**
   * Reads one budget, lets `change` make a new one, and keeps that; nobody else changes it meanwhile.
   * @param key provider, kind of call and key id; @param change pure, may be called again; null: there is none yet
   */
  updateBudget<T>(
    key: string,
    change: (budget: Budget | null) => { readonly budget: Budget; readonly result: T },
  ): Promise<T>;
  budgets(): Promise<ReadonlyMap<string, Budget>>;
  prefixLists(): Promise<readonly PrefixListRecord[]>;
  /** Replaces the one of this name. */
  savePrefixList(list: PrefixListRecord): Promise<void>;
  /** The list is still the newest. */
  confirmPrefixList(name: string, checkedAt: Date): Promise<void>;
}
