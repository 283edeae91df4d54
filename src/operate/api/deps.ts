import type { AllowEntry } from "../../domain/allow-entry.ts";
import type { Action, Decision, Mode } from "../../domain/decision.ts";
import type { Finding } from "../../domain/finding.ts";
import type { IpAddress, IpPrefix } from "../../domain/ip-address.ts";
import type { AddressReport, Hold, Log, Store } from "../../ports.ts";
import type { LiftBlockDeps } from "./lift-blocks.ts";
import type { StatusDeps, StatusRecords } from "../status.ts";
import type { CallerDeps } from "./caller.ts";

/** What the API needs of the rest of the program. */
export interface ApiDeps extends Omit<StatusDeps, "store">, Omit<LiftBlockDeps, "store">, CallerDeps {
  readonly store: Pick<Store, ApiRecords>;
  readonly log: Log;
  /** Of the policy that decides now. */
  readonly policyVersion: string;
  /** Why the network may never be blocked, or null. */
  readonly protectedReason: (prefix: IpPrefix) => string | null;
  /** Why the address is a crawler that must not be blocked, or null. Asks name servers; never rejects. */
  readonly confirmCrawler: (ip: IpAddress, signal: AbortSignal) => Promise<string | null>;
  /** What would be decided about the address now, with what is known; nobody is asked. */
  readonly decideNow: (report: AddressReport) => Promise<DecisionNow> | DecisionNow;
  /** The decision by which a person blocks an address. */
  readonly manualDecision: (wanted: ManualBlock) => Decision;
  /** The decision by which a person turns a hold into a block. */
  readonly releaseDecision: (wanted: Release) => Decision;
  /** What the block of a hold would drop, where, and for how long. */
  readonly targetOfHold: (hold: Hold) => Promise<HoldTarget> | HoldTarget;
  /** The firewalls of these groups; null: all. None where nothing is enforced. */
  readonly targetOf: (groups: readonly string[] | null) => Target;
  /** Names of the lists of networks that are downloaded. */
  readonly listNames: readonly string[];
  /** Groups that some firewall is in. */
  readonly groups: readonly string[];
  /** Replays the past since then through the policy in this text. Stops when the signal says so. */
  readonly backtest: (
    policyText: string,
    since: Date,
    signal: AbortSignal,
  ) => Promise<BacktestReport | { readonly problems: readonly string[] }>;
  /** One finding as a sentence: `VirusTotal: 8 of 94 engines call it malicious`. */
  readonly describeFinding: (finding: Finding) => string;
  /** Entries of the settings, which can't be removed here. */
  readonly settingsAllowlist: readonly AllowEntry[];
  /**
   * Takes an alert as the receiver does: resolves when it is committed, with how many addresses it names.
   * @returns what is wrong with the body, as a sentence, when it can't be read
   */
  readonly takeAlert: (body: unknown, source: string) => Promise<TakenAlert | { readonly problem: string }>;
  /** There is an alert to process. */
  readonly wakePipeline: () => void;
  /** The allow-list was changed: resolves when everything that is decided from now on knows it. */
  readonly onAllowlistChanged: () => Promise<void>;
  /** Channels that are told of what a person blocks. */
  readonly channels: readonly string[];
}

export interface TakenAlert {
  readonly alertId: string;
  readonly status: "accepted" | "duplicate";
  readonly addresses: number;
}

type ApiRecords =
  | StatusRecords
  | "prefixLists"
  | "listBlocks"
  | "standingBlocks"
  | "blocksOn"
  | "gracesOn"
  | "liftBlocks"
  | "recordByHand"
  | "recordDecision"
  | "listAlerts"
  | "redriveAlert"
  | "alert"
  | "settingsOfAlert"
  | "listUnreadable"
  | "unreadable"
  | "addressReport"
  | "listDecisions"
  | "decision"
  | "holds"
  | "hold"
  | "denyHold"
  | "pause"
  | "resume"
  | "policies"
  | "allowEntries"
  | "addAllowEntry"
  | "removeAllowEntry"
  | "receiptsAfter"
  | "receiptHead"
  | "compareReceipts"
  | "createToken"
  | "revokeToken"
  | "tokens"
  | "tokenById"
  | "noteTokenUse";

export type DecisionNow = Pick<
  Decision,
  "action" | "holdCause" | "reasons" | "rule" | "policyVersion" | "mode"
> & {
  /** Names of providers who would be asked first, and whose answer could change it. */
  readonly missing: readonly string[];
};

export interface ManualBlock {
  readonly alertId: string;
  readonly ip: IpAddress;
  readonly actor: string;
  readonly reason: string;
  /** Infinity: without end. */
  readonly seconds: number;
  readonly mode: Mode;
  readonly now: Date;
  readonly policyVersion: string;
}

export interface Release {
  readonly hold: Hold;
  readonly actor: string;
  readonly reason: string;
  readonly now: Date;
  /** Infinity: without end. */
  readonly seconds: number;
  readonly mode: Mode;
}

export interface Target {
  /** Null: all. */
  readonly groups: readonly string[] | null;
  readonly firewalls: readonly string[];
}

/** As its search is handled now. */
export interface HoldTarget extends Target {
  readonly prefix: IpPrefix;
  readonly mode: Mode;
  /** Infinity: without end. */
  readonly seconds: number;
}

export interface BacktestReport {
  readonly policyVersion: string;
  /** Past decisions that were replayed. */
  readonly decisions: number;
  /** Blocks that were made by policy, and that the other one would have made. */
  readonly blocks: { readonly were: number; readonly would: number };
  /** Numbers of addresses by change. */
  readonly counts: Readonly<Record<string, number>>;
  /** Most important first; addresses for which nothing changes are left out. */
  readonly items: readonly {
    readonly ip: IpAddress;
    readonly was: Action;
    readonly would: Action;
    readonly change: "newly-blocked" | "freed" | "held" | "released-from-hold" | "unclear";
    readonly at: Date;
    readonly searchName: string | null;
    readonly events: number;
    readonly reasons: readonly string[];
  }[];
}
