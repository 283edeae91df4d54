/** The five edges of the program, and the shapes that cross them. Types only. */
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Block, Enforcement } from "./domain/block.ts";
import type { Decision, Mode } from "./domain/decision.ts";
import type { Evidence, Finding } from "./domain/finding.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";

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

/** A service that knows addresses. It tries once; somebody else decides about trying again. */
export interface IntelProvider {
  readonly name: string;
  /** The numbers that rules may compare, e.g. `malicious`. */
  readonly numbers: readonly string[];
  /**
   * What the provider knows, or `undefined` when it never saw the address.
   * @throws {AppError} PROVIDER_REFUSED_KEY, PROVIDER_QUOTA_EXHAUSTED (retryable, perhaps with `retryAfterMs`),
   * PROVIDER_UNAVAILABLE (retryable), PROVIDER_REJECTED, PROVIDER_ANSWER_INVALID
   */
  lookUp(ip: IpAddress, signal: AbortSignal): Promise<Evidence | undefined>;
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

/** A channel to people. */
export interface Notifier {
  /** The channel's name, stored with each notification: `email`. */
  readonly channel: string;
  /** @throws {AppError} MAIL_UNDELIVERED, retryable or not by what the other side said */
  send(story: Story, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

// ---- store ----

/** Rows that wait are claimed for a while; when the claimer dies, the lease ends and another takes them. */
export interface Claim {
  readonly holder: string;
  readonly limit: number;
  readonly now: Date;
  readonly leaseMs: number;
}

/** A sighting that waits for its decision. */
export interface WaitingSighting extends Sighting {
  readonly id: string;
  readonly alertId: string;
  /** The name of the search whose alert it is of. */
  readonly searchName: string | null;
  readonly attempts: number;
  /** When it was first recorded. */
  readonly createdAt: Date;
}

export interface WaitingNotification {
  readonly id: string;
  readonly decisionId: string;
  readonly attempts: number;
}

/** What already stands about one address. */
export interface Standing {
  /** A block of this mode that has neither ended nor been lifted and covers the address. */
  readonly block: Block | null;
  /** When a hold on exactly this address lapses. */
  readonly heldUntil: Date | null;
  /** Set when somebody lifted a block: until then alerts may not block the address again. */
  readonly graceUntil: Date | null;
}

/** Other addresses near one. */
export interface Neighbours {
  readonly blocked: number;
  /** Within a grace period: nothing that covers it may be blocked. */
  readonly lifted: boolean;
}

/** A decision with all that must be committed together with it. */
export interface DecisionRecord {
  readonly sightingId: string;
  readonly decision: Decision;
  /** What a block drops: the decision's address alone, or a network around it. */
  readonly prefix: IpPrefix;
  /** Groups of firewalls that a block is for; null: all. */
  readonly groups: readonly string[] | null;
  /** Firewalls on which a block is to be enforced: those of the groups. */
  readonly firewalls: readonly string[];
  /** One notification per channel, due then. */
  readonly notifications: readonly { readonly channel: string; readonly dueAt: Date }[];
}

/** A block that has to be put on or taken off one firewall. */
export interface RequestedChange {
  readonly blockId: string;
  readonly prefix: IpPrefix;
  readonly kind: "add" | "remove";
  readonly expiresAt: Date;
}

export interface EnforcementResult {
  readonly blockId: string;
  readonly state: "applied" | "verified" | "refused" | "failed" | "withdrawn" | "lifted";
  readonly error: string | null;
}

/** What an entry in a kernel has counted since it was added there. */
export interface BlockDrops extends Drops {
  readonly blockId: string;
}

/** A new block waits until every canary it is for has it verified, or is given up. */
export interface CanaryRule {
  /** Names of firewalls. */
  readonly canaries: readonly string[];
  /** A canary that was asked before this and has not answered is waited for no more. */
  readonly givenUpBefore: Date;
}

/** A person lets a network out. */
export interface Lift {
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
  /** Until then alerts may not block it again. */
  readonly graceUntil: Date;
}

/** One block with what became of it, for people. */
export interface BlockReport {
  readonly block: Block;
  /** `ended`: it ran out, or another block took its place. */
  readonly state: "standing" | "lifted" | "ended";
  readonly endedAt: Date | null;
  readonly lifted: { readonly actor: string; readonly reason: string; readonly graceUntil: Date } | null;
  readonly enforcements: readonly Enforcement[];
}

/** A page of a list, newest first. */
export interface BlockPage {
  readonly blocks: readonly BlockReport[];
  /** Names the next page; null on the last. */
  readonly next: string | null;
}

/** What is known of one firewall as a whole. */
export interface FirewallRecord {
  readonly name: string;
  readonly state: "in-sync" | "out-of-sync" | "unreachable";
  readonly error: string | null;
  readonly checkedAt: Date;
  /** When it last held exactly the blocks that stand. */
  readonly inSyncAt: Date | null;
  /** Since when it does not answer; null while it does. */
  readonly unreachableSince: Date | null;
  /** How often something was found there that we had not put there, or not so. */
  readonly drifts: number;
  /** What was found the last time; null when there was none. */
  readonly lastDrift: Drift | null;
  readonly capacity: FirewallState["capacity"];
  readonly ownAddresses: readonly IpAddress[];
}

/** Somebody else changed a firewall. */
export interface Drift {
  readonly foundAt: Date;
  /** When all had been well before. */
  readonly lastGoodAt: Date | null;
  /** What was wrong, in words; at most 20. */
  readonly findings: readonly string[];
}

/** What waits for one firewall. */
export interface FirewallBacklog {
  readonly firewall: string;
  readonly pending: number;
  /** Since when the oldest waits. */
  readonly oldestAt: Date;
}

/** An authenticated delivery that could not be read. */
export interface UnreadableDelivery {
  readonly receivedAt: Date;
  readonly remoteAddress: string;
  readonly reason: string;
  /** The first 64 KiB. */
  readonly body: Uint8Array;
}

export interface StoreCounts {
  readonly alerts: number;
  readonly alertsWaiting: number;
  readonly alertsFailed: number;
  readonly sightingsWaiting: number;
  readonly sightingsFailed: number;
  readonly decisions: Readonly<Record<string, number>>;
  readonly blocksStanding: number;
  readonly enforcementsPending: number;
  readonly notificationsWaiting: number;
  readonly notificationsFailed: number;
  readonly unreadableDeliveries: number;
}

/**
 * What was, is and waits. Each call is done as a whole or not at all: when it resolves, it is on disk. Calls at the same time may share a commit.
 * A row that can't be read is reported and left out of what is returned; an alert or sighting then waits no more, and counts as failed.
 * @throws {AppError} STORE_UNAVAILABLE (retryable) from every method when the database can't commit, e.g. on a full disk
 */
export interface Store {
  /** Inserts all in one transaction. Per alert: true when it is new, false when its id is known. */
  insertAlerts(alerts: readonly Alert[]): Promise<readonly boolean[]>;
  keepUnreadable(delivery: UnreadableDelivery): Promise<void>;

  /** As many of the oldest as hold about 4 MiB together, at least one: fewer than `limit` does not mean that no more wait. */
  claimAlerts(claim: Claim): Promise<readonly Alert[]>;
  /**
   * Records the sightings as waiting, and the alert as extracted. Repeating it changes nothing. More than 2,000 go in several
   * transactions, the alert in the last: after a failure the first ones may be there already.
   */
  recordSightings(alertId: string, sightings: readonly Sighting[], now: Date): Promise<void>;
  /** The alert can't be processed: kept, with the reason. */
  failAlert(alertId: string, reason: string): Promise<void>;

  claimSightings(claim: Claim): Promise<readonly WaitingSighting[]>;
  /** Gives a claimed sighting back, to be tried at `dueAt`. Counts an attempt. */
  postponeSighting(id: string, dueAt: Date, reason: string): Promise<void>;
  /** The sighting can't be decided: kept, with the reason. */
  failSighting(id: string, reason: string): Promise<void>;

  /** What is known about the address and has not expired, one per provider. */
  findingsOf(ip: IpAddress, now: Date): Promise<readonly Finding[]>;
  /** Keeps a known or unknown finding; replaces an older one of the same provider and address. */
  saveFinding(finding: Exclude<Finding, { status: "failed" }>): Promise<void>;

  standingOf(ip: IpAddress, mode: Mode, now: Date): Promise<Standing>;
  /**
   * Commits the decision, and with a block its row and one request per firewall, with a hold its row, and the notifications;
   * the sighting is done. When another decision's block (or, for a hold, hold) already stands on the same address, or the
   * policy decided to block an address that a person has let out meanwhile, records an `ignore` that says so instead.
   * A repeated decision id changes nothing.
   * @returns the decision as it stands in the store
   */
  recordDecision(record: DecisionRecord): Promise<Decision>;

  /** What stands in the network of `neighbourhoodOf(ip)`: single addresses that are blocked, and whether somebody was let out there. */
  neighbours(ip: IpAddress, mode: Mode, now: Date): Promise<Neighbours>;

  /** All blocks of mode `enforce` that have neither ended nor been lifted, whatever their groups. */
  standingBlocks(now: Date): Promise<readonly Block[]>;
  /**
   * What is requested or lifting on this firewall, oldest first; requests whose block has ended are left out, and with
   * `canary` those that still wait for a canary.
   */
  requestedChanges(
    firewall: string,
    now: Date,
    limit: number,
    canary?: CanaryRule,
  ): Promise<readonly RequestedChange[]>;
  /** Ids of standing blocks that wait for a canary, or that a canary has withdrawn. */
  withheldBlocks(canary: CanaryRule, now: Date): Promise<ReadonlySet<string>>;
  /** Makes sure there is an enforcement row for each of these blocks, e.g. on a firewall that is new. */
  requestEnforcements(firewall: string, blockIds: readonly string[], now: Date): Promise<void>;
  /** What this canary has withdrawn before that moment is requested there again. */
  retryWithdrawn(firewall: string, before: Date, now: Date): Promise<void>;
  /** Results of one round; a notification about a block whose every firewall has now an end state becomes due at once. */
  recordEnforcements(firewall: string, results: readonly EnforcementResult[], now: Date): Promise<void>;
  /** Adds to what each block has dropped on this firewall. A count lower than the last one is a new entry's. */
  recordDrops(firewall: string, drops: readonly BlockDrops[]): Promise<void>;
  /** Marks as expired what ended by time between the two moments and is not lifted. */
  expireEnforcements(firewall: string, since: Date, now: Date): Promise<void>;
  /** What waits for each firewall; one for which nothing waits is left out. */
  backlogs(now: Date): Promise<readonly FirewallBacklog[]>;
  /** Notes a fault on what is still requested there, so that a message can say why it is not in force. */
  noteEnforcementFault(firewall: string, error: string): Promise<void>;
  /** True when `holder` may act on this firewall until `until`; false while another holder's lease runs. */
  leaseFirewall(firewall: string, holder: string, now: Date, until: Date): Promise<boolean>;
  recordFirewall(record: FirewallRecord): Promise<void>;
  firewalls(): Promise<readonly FirewallRecord[]>;
  /**
   * Lets a network out: lifts every block, whatever its mode, that covers it or lies in it.
   * @returns the lifted blocks; when none stood, nothing is changed
   */
  liftBlocks(prefix: IpPrefix, lift: Lift): Promise<readonly Block[]>;
  /** Blocks of mode `enforce` or `observe`, newest first. @throws when `cursor` is none of ours */
  listBlocks(page: {
    readonly standingOnly: boolean;
    readonly limit: number;
    readonly cursor: string | null;
    readonly now: Date;
  }): Promise<BlockPage>;
  /** Every block that covers this network, newest first, at most 100. */
  blocksOn(prefix: IpPrefix, now: Date): Promise<readonly BlockReport[]>;

  claimNotifications(channel: string, claim: Claim): Promise<readonly WaitingNotification[]>;
  notificationSent(id: string, now: Date): Promise<void>;
  postponeNotification(id: string, dueAt: Date, error: string): Promise<void>;
  failNotification(id: string, error: string): Promise<void>;
  /** @throws when there is no such decision */
  story(decisionId: string): Promise<Story>;

  counts(now: Date): Promise<StoreCounts>;
  /** Ends every lease of this holder, so that what it had claimed can be taken at once. */
  releaseLeases(holder: string): Promise<void>;
  close(): Promise<void>;
}
