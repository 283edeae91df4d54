/** Blocks, and how far each is on each firewall. Types only; imported through `ports.ts`. */
import type { Block, Enforcement } from "../domain/block.ts";
import type { Grace } from "../domain/grace.ts";
import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { Drops, FirewallState } from "../ports.ts";

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

/** A new block waits until every canary it is for has it verified, or is given up. Lists are names of firewalls. */
export interface CanaryRule {
  /** All canaries. What is in force on another firewall waits for none of them. */
  readonly canaries: readonly string[];
  /** Those that will answer. */
  readonly awaited: readonly string[];
  /** One of these that was asked before this and has not answered is waited for no more. */
  readonly givenUpBefore: Date;
  /** Those whose withdrawal keeps a block from all others. */
  readonly barring: readonly string[];
}

export interface RequestedChangesOptions {
  readonly now: Date;
  readonly limit: number;
  /** Leaves out what still waits for a canary. */
  readonly canary?: CanaryRule | undefined;
  /** Only what is to be taken off. */
  readonly removalsOnly?: boolean;
}

/** A person lets a network out. */
export interface Lift {
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
  /** Until then alerts may not block it again. Not later than `now`: from now on they may, whoever let it out before. */
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

/** Part of the store. */
export interface BlockRecords {
  /** All blocks of mode `enforce` that have neither ended nor been lifted, whatever their groups. */
  standingBlocks(now: Date): Promise<readonly Block[]>;
  /** What is requested or lifting on this firewall, oldest first; requests whose block has ended are left out. */
  requestedChanges(firewall: string, options: RequestedChangesOptions): Promise<readonly RequestedChange[]>;
  /** Ids of standing blocks that wait for a canary, or that a canary has withdrawn. */
  withheldBlocks(canary: CanaryRule, now: Date): Promise<ReadonlySet<string>>;
  /** Ids of standing blocks that this canary has withdrawn, or was trying when it was last heard of. */
  withdrawnBlocks(firewall: string, now: Date): Promise<ReadonlySet<string>>;
  /** Makes sure that each of these blocks is requested on this firewall, e.g. a new one, or in force there; also those that failed or were refused. */
  requestEnforcements(firewall: string, blockIds: readonly string[], now: Date): Promise<void>;
  /** Of what is requested on this canary, these count as withdrawn until their results are recorded. */
  beginTrial(firewall: string, blockIds: readonly string[], now: Date): Promise<void>;
  /** What this firewall has withdrawn, when it was a canary, is requested there again. */
  retryWithdrawn(firewall: string, now: Date): Promise<void>;
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
   * Lets a network out: lifts every block, whatever its mode, that covers it or lies in it. Without a grace it also ends
   * every grace that runs on a network around it or in it. All holds on addresses in it end.
   * @returns the lifted blocks; when none stood, nothing but such a grace is changed
   */
  liftBlocks(prefix: IpPrefix, lift: Lift): Promise<readonly Block[]>;
  /** What keeps alerts from blocking this network now: it, a network around it or one in it was let out. Longest first, at most 100. */
  gracesOn(prefix: IpPrefix, now: Date): Promise<readonly Grace[]>;
  /** Blocks of mode `enforce` or `observe`, newest first. @throws when `cursor` is none of ours */
  listBlocks(page: {
    readonly standingOnly: boolean;
    /** Only those that somebody lifted and a firewall may still drop. Default is false. */
    readonly liftingOnly?: boolean;
    readonly limit: number;
    readonly cursor: string | null;
    readonly now: Date;
  }): Promise<BlockPage>;
  /** Every block that covers this network, newest first, at most 100. */
  blocksOn(prefix: IpPrefix, now: Date): Promise<readonly BlockReport[]>;
}
