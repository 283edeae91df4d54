/** What was decided, by policy and by people. Types only; imported through `ports.ts`. */
import type { Alert, Sighting } from "../domain/alert.ts";
import type { Block } from "../domain/block.ts";
import type { Action, BlockMode, Decision, HoldCause, Mode } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { Grace } from "../domain/grace.ts";
import type { IpAddress, IpPrefix } from "../domain/ip-address.ts";
import type { BlastLimits } from "../domain/policy.ts";
import type { Receipt } from "../domain/receipt.ts";
import type { Story } from "../ports.ts";
import type { SightingReport } from "./alerts.ts";
import type { BlockReport } from "./blocks.ts";
import type { Act, Page, PageWanted } from "./paging.ts";

/** What already stands about one address. */
export interface Standing {
  /** A block that has neither ended nor been lifted and covers the address: of mode `enforce`, or, in mode `observe`, of either. */
  readonly block: Block | null;
  /** When the hold of this mode on exactly this address lapses. */
  readonly heldUntil: Date | null;
  /** Set when somebody lifted a block: until then alerts may not block the address again. */
  readonly graceUntil: Date | null;
  /** The network that was let out, when it is another than the address alone. */
  readonly letOut?: IpPrefix;
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
  /** How long it waits for a person when it becomes a hold. */
  readonly holdSeconds: number;
  /** Limits that the block must keep; null: none, because a person wants it. */
  readonly limits: BlastLimits | null;
  /** The hold that a person has answered with it; null: none. It must still wait, or nothing is recorded. */
  readonly answers: string | null;
}

/** Why no new blocks are made, or only with a person. */
export interface Controls {
  readonly paused: { readonly since: Date; readonly actor: string; readonly reason: string } | null;
  /** A limit was reached and nobody has resumed since. */
  readonly limited: { readonly since: Date; readonly reason: string; readonly held: number } | null;
}

/** A decision that waits for a person, or that one has answered. */
export interface Hold {
  readonly decision: Decision;
  readonly searchName: string | null;
  /** The mode that its alert asks for, also where that changed nothing when it was decided: the receiver's may have changed since. */
  readonly askedMode: Mode | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** `superseded`: the address was blocked or let out otherwise; `lapsed`: nobody answered. */
  readonly state: "waiting" | "approved" | "denied" | "released" | "superseded" | "lapsed";
  readonly endedAt: Date | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

/** One decision of the past with what it was made from. */
export interface PastDecision {
  readonly decision: Decision;
  readonly sighting: Sighting;
  readonly searchName: string | null;
  /** When its alert was received. */
  readonly seenAt: Date;
}

/** A policy that has decided. */
export interface PolicyRecord {
  readonly version: string;
  /** `live`, `shadow`, or the pattern of the searches it is for. */
  readonly role: string;
  /** JSON */
  readonly policy: string;
  readonly firstUsedAt: Date;
}

/** Everything about one address. Lists are newest first, at most 100 each. */
export interface AddressReport {
  readonly ip: IpAddress;
  readonly sightings: readonly SightingReport[];
  /** Over all alerts. */
  readonly events: number;
  readonly firstSeenAt: Date | null;
  readonly lastSeenAt: Date | null;
  readonly findings: readonly Finding[];
  /** Providers that are still to be asked, with their place in the queue, from 1. */
  readonly lookUps: readonly {
    readonly provider: string;
    readonly place: number;
    readonly since: Date;
    readonly dueAt: Date;
  }[];
  readonly decisions: readonly Decision[];
  readonly holds: readonly Hold[];
  readonly blocks: readonly BlockReport[];
  readonly graces: readonly Grace[];
  readonly receipts: readonly Receipt[];
}

/** Part of the store. */
export interface DecisionRecords {
  /** What stands in the network of `neighbourhoodOf(ip)`: single addresses that are blocked, and whether somebody was let out there. */
  neighbours(ip: IpAddress, mode: BlockMode, now: Date): Promise<Neighbours>;
  /**
   * Commits the decision, and with a block its row and one request per firewall, with a hold its row, and the notifications;
   * the sighting is done. All of it gets its receipts. When another decision's block (or, for a hold, hold) already stands on the same
   * address in this mode, the network is on the allow-list, or the policy decided to block an address that a person has let out meanwhile
   * (also when a person releases what a limit or a pause held), records an `ignore` that says so instead. A block ends the hold of its
   * mode on the address, one of mode `enforce` also that of mode `observe`. While new blocks are paused, or beyond a limit, the policy's block
   * becomes a hold; the first beyond a limit raises one alarm. A person's block replaces a standing one that ends earlier. A repeated decision id changes nothing.
   * @returns the decision as it stands in the store
   */
  recordDecision(record: DecisionRecord): Promise<Decision>;
  /** An alert that a person wrote, with its sightings and decisions, a few of them per transaction. Sightings are done at once; repeating it changes nothing. */
  recordByHand(
    alert: Alert,
    entries: readonly { readonly sighting: Sighting; readonly record: DecisionRecord }[],
  ): Promise<readonly Decision[]>;
  /** Holds, newest first; `waiting` ones only unless told otherwise. */
  holds(
    wanted: PageWanted & {
      readonly now: Date;
      readonly all?: boolean;
      readonly causes?: readonly HoldCause[];
    },
  ): Promise<Page<Hold>>;
  /** By its decision's id. */
  hold(decisionId: string, now: Date): Promise<Hold | undefined>;
  /** A person says no. @returns false when it does not wait any more */
  denyHold(decisionId: string, act: Act): Promise<boolean>;
  controls(): Promise<Controls>;
  /** No new blocks by policy from now on, until `resume`. Once more changes nothing. */
  pause(act: Act): Promise<void>;
  /** New blocks again; what is counted against limits begins anew, and their alarm ends. Holds are released by others. */
  resume(act: Act): Promise<void>;
  /** A policy decides from now on; known versions change nothing. */
  notePolicy(policy: PolicyRecord): Promise<void>;
  policies(): Promise<readonly PolicyRecord[]>;
  listDecisions(
    wanted: PageWanted & { readonly action?: Action; readonly differsOnly?: boolean },
  ): Promise<Page<Decision>>;
  decision(id: string): Promise<Decision | undefined>;
  /** Oldest first, those made after `since`. */
  pastDecisions(wanted: PageWanted & { readonly since: Date }): Promise<Page<PastDecision>>;
  addressReport(ip: IpAddress, now: Date): Promise<AddressReport>;
  /** @throws when there is no such decision */
  story(decisionId: string): Promise<Story>;
}
