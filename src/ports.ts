/** The five edges of the program, and the shapes that cross them. Types only. */
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Block, Enforcement } from "./domain/block.ts";
import type { Decision } from "./domain/decision.ts";
import type { AppError } from "./domain/errors.ts";
import type { Evidence } from "./domain/finding.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";
import type { ProviderTerms } from "./domain/provider-terms.ts";

export type { ProviderTerms } from "./domain/provider-terms.ts";
export type * from "./splunk-port.ts";
export type * from "./store-port.ts";

/** Constant message, variables as fields. Never a secret, never a whole alert. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

// ---- alert source ----

/** Takes one alert. Resolves after it is committed to disk: `duplicate` when the same delivery was taken before. */
export type AcceptAlert = (alert: Alert) => Promise<"accepted" | "duplicate">;

/** Something that brings alerts. */
export interface AlertSource {
  readonly name: string;
  start(accept: AcceptAlert): Promise<void>;
  /** Takes nothing new and answers what it has begun. Harmless when called twice. */
  stop(): Promise<void>;
}

// ---- intelligence ----

/** How many calls of one kind a provider's key has, in windows as the provider counts them. */
export interface QuotaWindow {
  readonly name: "minute" | "hour" | "day" | "week" | "month";
  readonly limit: number;
  /** What is left by the provider's own count, when it tells; else undefined. */
  readonly left?: number;
  /** When the provider starts a new window, when it tells. */
  readonly resetsAt?: Date;
  /** The provider documents that it starts new ones by the calendar in UTC: at midnight, on Mondays, on the 1st. */
  readonly isCalendar?: true;
}

/** An answer, with what its headers say about the key's budget. */
export interface Answered<T> {
  readonly value: T;
  /** Windows about which the answer says something; usually none or one. */
  readonly quota: readonly QuotaWindow[];
}

/** Many addresses at once. */
export interface NetworkLookUp {
  /** What its answers hold; rules that ask for more need single look-ups. */
  readonly terms: Pick<ProviderTerms, "numbers" | "times">;
  /** Its own budget, apart from single look-ups. */
  readonly quota: readonly QuotaWindow[];
  /** What is known of addresses of an IPv4 /24; one that is absent is unknown. Throws as `lookUp` does. */
  lookUp(network: IpPrefix, signal: AbortSignal): Promise<Answered<ReadonlyMap<IpAddress, Evidence>>>;
}

/** A service that knows addresses. It tries once; somebody else decides about trying again, and counts. */
export interface IntelProvider {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly terms: ProviderTerms;
  /** Names the key without telling it: a short hash. Who shares the key shares the budget. */
  readonly keyId: string;
  /** What the plan allows, until the provider tells otherwise. Empty: nothing is known to limit it. */
  readonly quota: readonly QuotaWindow[];
  /** True for one that only brings hints: its answer is not waited for. */
  readonly isOptional: boolean;
  /** False: it knows nothing of such an address, so that asking would be wasted. Absent: it may know any. */
  readonly covers?: (ip: IpAddress) => boolean;
  /**
   * What the provider knows, or `undefined` when it never saw the address.
   * @throws {AppError} PROVIDER_REFUSED_KEY, PROVIDER_QUOTA_EXHAUSTED (retryable, perhaps with `retryAfterMs`),
   * PROVIDER_UNAVAILABLE (retryable), PROVIDER_REJECTED, PROVIDER_ANSWER_INVALID
   */
  lookUp(ip: IpAddress, signal: AbortSignal): Promise<Answered<Evidence | undefined>>;
  readonly network?: NetworkLookUp;
  /** Asks the provider what is left of the key's budget; costs nothing of it. Throws as `lookUp` does. */
  readonly readQuota?: (signal: AbortSignal) => Promise<readonly QuotaWindow[]>;
}

/** A network on a list, with what the list says about it. */
export interface ListedNetwork {
  readonly prefix: IpPrefix;
  /** E.g. `SBL000000`, or the time of the last report. Text from outside. */
  readonly note: string;
}

/** A list of networks that is downloaded as a whole. */
export interface PrefixListSource {
  /** E.g. `spamhaus-drop-v4`. */
  readonly name: string;
  /** How long between two downloads, at least. */
  readonly refreshSeconds: number;
  /** Older than this it is not used any more; infinity: however old. */
  readonly usableSeconds: number;
  /** Fewer networks than this can't be right. */
  readonly leastEntries: number;
  /**
   * The list, or `unchanged` when it is still the one with this `etag`. Throws as `IntelProvider.lookUp` does.
   * @param etag of the version that is kept; null: none is
   */
  download(etag: string | null, signal: AbortSignal): Promise<"unchanged" | DownloadedList>;
}

export interface DownloadedList {
  readonly etag: string | null;
  /** What the list calls its version, usually a time; empty when it says nothing. */
  readonly version: string;
  readonly networks: readonly ListedNetwork[];
}

// ---- firewall ----

/** Packets and bytes that were dropped. */
export interface Drops {
  readonly packets: number;
  readonly bytes: number;
}

/** What one firewall's kernel drops now. */
export interface FirewallState {
  /** Each dropped network with the seconds until the kernel lifts it; infinity: never. */
  readonly entries: ReadonlyMap<IpPrefix, number>;
  /** What each entry has dropped since it was added; one that dropped nothing is left out. */
  readonly drops: ReadonlyMap<IpPrefix, Drops>;
  /** Networks in the fullest list, and how many it can hold; null where nothing limits them. */
  readonly capacity: { readonly used: number; readonly most: number } | null;
  /** Why packets from these networks might still pass, in words; empty when the drop rules are in place and reachable. */
  readonly faults: readonly string[];
  /** The host's own addresses, its gateways and the peer of our session: never to be blocked anywhere. */
  readonly ownAddresses: readonly IpAddress[];
}

/** Whole seconds until the kernel lifts it again; infinity: never. */
export interface FirewallAddition {
  readonly kind: "add";
  readonly prefix: IpPrefix;
  readonly seconds: number;
}

export type FirewallChange = FirewallAddition | { readonly kind: "remove"; readonly prefix: IpPrefix };

export interface ChangeResult {
  readonly change: FirewallChange;
  /**
   * `verified`: read back from the kernel, and the drop rule is reachable. `applied`: the kernel has it, but packets may still
   * pass. `refused`: the host says this network must not be blocked.
   */
  readonly outcome: "verified" | "applied" | "refused" | "failed";
  /** Empty when verified. */
  readonly reason: string;
}

export interface Applied {
  /** One per change, in their order. */
  readonly results: readonly ChangeResult[];
  /** What had been missing or altered on the host and was put in place first, in words: other blocks may be gone with it. */
  readonly repaired: readonly string[];
}

/** One firewall. Every call is idempotent: doing it twice leaves the same state. Calls are not made in parallel. */
export interface Firewall {
  readonly name: string;
  /** @throws {AppError} SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED; the message names the host and the reason */
  read(signal: AbortSignal): Promise<FirewallState>;
  /**
   * Puts the drop rules in place that the changes need (all of them when there are no changes), makes the changes, and
   * reads each one back. Throws as `read` does.
   */
  apply(changes: readonly FirewallChange[], signal: AbortSignal): Promise<Applied>;
  /**
   * Makes these all that is dropped, in one step: no packet that should be dropped passes meanwhile. For a firewall that
   * has much to be put right. Throws as `read` does.
   */
  rebuild(all: readonly FirewallAddition[], signal: AbortSignal): Promise<Applied>;
  /**
   * Whether the host can still be reached by a new connection and still reaches its default gateway.
   * @returns why not, in words, or null. Never rejects, but for an aborted signal.
   */
  checkUp(signal: AbortSignal): Promise<string | null>;
  /** Ends the connection and leaves every block standing. Harmless when called twice. */
  close(): Promise<void>;
}

// ---- notifier ----

/** Everything a message about one decision says. */
export interface Story {
  readonly decision: Decision;
  readonly alert: Alert;
  readonly sighting: Sighting;
  /** Null for a hold. */
  readonly block: Block | null;
  /** State on each firewall; empty when nothing is enforced. */
  readonly enforcements: readonly Enforcement[];
}

/** Something is wrong with Portcullis itself, or with what it depends on. */
export interface Alarm {
  readonly id: string;
  /** What it is about: one alarm per key at a time, e.g. `provider-key virustotal`. */
  readonly key: string;
  /** One sentence. May quote text from outside: escape it. */
  readonly message: string;
  /** What to do, one sentence. */
  readonly advice: string;
  readonly raisedAt: Date;
  /** Null while it goes on. */
  readonly endedAt: Date | null;
}

/** What a notification tells. */
export type News =
  | { readonly kind: "decision"; readonly story: Story }
  | { readonly kind: "alarm"; readonly alarm: Alarm };

/** How a channel takes what it is told. */
export interface NotifierPace {
  /** So much at once. */
  readonly batch: number;
  /** Of events at once; but one that is larger goes alone. */
  readonly maxBytes?: number;
  /** So many times at the same time. */
  readonly atOnce: number;
  /** After the first failure, doubled with each further one up to the longest. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

/** A channel to people, who are told news, or to another program, which is told events. */
export interface Notifier<Told = News> {
  /** The channel's name, stored with each notification: `email`. */
  readonly channel: string;
  readonly pace: NotifierPace;
  /**
   * Tells these, at most as many as a batch. Some may have arrived also when it throws: each has an identity by which a repeat is known.
   * @returns for each, in their order, why it can't be delivered, or null: it has arrived
   * @throws {AppError} MAIL_UNDELIVERED, HEC_UNDELIVERED, HEC_REFUSED, when it is the same for all; retryable or not by what the other side said
   */
  send(told: readonly Told[], signal: AbortSignal): Promise<readonly (AppError | null)[]>;
  close(): Promise<void>;
}
