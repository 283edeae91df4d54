/** What people are told, what they may do, and what they have done. Types only; imported through `ports.ts`. */
import type { AllowEntry } from "../domain/allow-entry.ts";
import type { Block } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Receipt, ReceiptHead } from "../domain/receipt.ts";
import type { Role } from "../domain/role.ts";
import type { ToldEvent } from "../domain/told-event.ts";
import type { Alarm, News } from "../ports.ts";
import type { Act, Claim } from "./paging.ts";

export interface WaitingNotification {
  readonly id: string;
  /** What it is about. */
  readonly subject: { readonly kind: News["kind"] | "event"; readonly id: string };
  /** What it tells; null when that is read at the last moment, by `news`. */
  readonly event: ToldEvent | null;
  readonly createdAt: Date;
  readonly attempts: number;
}

/** A token without its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the secret, 64 hex digits. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** A part of the chain. One that can't be read is left out, and leaves a gap. */
export interface ReceiptPage {
  readonly receipts: readonly Receipt[];
  /** The number of the last one, whether it can be read or not: the next page comes after it. Null when no more follow. */
  readonly last: number | null;
}

/** How well the tables agree with the receipts. */
export interface RecordComparison {
  /** Rows that were compared. */
  readonly rows: number;
  /** What does not agree, in words beginning small; the first 20. May quote text from outside: escape it. */
  readonly disagreements: readonly string[];
  /** How many there are in all. */
  readonly count: number;
}

/** Part of the store. */
export interface PeopleRecords {
  /** Entries that have neither expired nor been removed. Not those of the settings. */
  allowEntries(now: Date): Promise<readonly AllowEntry[]>;
  /** Adds it and lifts every block that shares an address with it, at once. */
  addAllowEntry(entry: AllowEntry): Promise<readonly Block[]>;
  /** @returns the entry, or undefined when there is none of this id */
  removeAllowEntry(id: string, act: Act): Promise<AllowEntry | undefined>;
  /** Lifts every standing block that shares an address with one of these. */
  liftProtected(
    networks: readonly { readonly prefix: IpPrefix; readonly why: string }[],
    now: Date,
  ): Promise<readonly Block[]>;
  /** @returns true when it is new: none with this key was open. Tells each of the channels once. */
  raiseAlarm(
    alarm: Pick<Alarm, "key" | "message" | "advice">,
    channels: readonly string[],
    now: Date,
  ): Promise<boolean>;
  /** What it was about is over. */
  endAlarm(key: string, now: Date): Promise<void>;
  openAlarms(): Promise<readonly Alarm[]>;
  /** In order, from the one after `seq`. */
  receiptsAfter(seq: number, limit: number): Promise<ReceiptPage>;
  /** The newest one as it was noted apart from the chain, which shows when the end was cut off; null: none was. */
  receiptHead(): Promise<ReceiptHead | null>;
  /**
   * Compares every decision, standing block, entry of the allow-list, token and the pause with its receipts: what has none, what says
   * something else, and what is gone. Page by page; ends early when `signal` is aborted. What it compares with may itself be forged:
   * verify the chain too.
   */
  compareReceipts(now: Date, signal: AbortSignal): Promise<RecordComparison>;
  /** Adds it to the record with its receipt. */
  createToken(token: TokenRecord): Promise<void>;
  /** @returns false when there is none that is not revoked */
  revokeToken(id: string, act: Act): Promise<boolean>;
  tokens(): Promise<readonly TokenRecord[]>;
  tokenById(id: string): Promise<TokenRecord | undefined>;
  /** Kept to the minute. */
  noteTokenUse(id: string, now: Date): Promise<void>;
  /** @param maxBytes events of no more than this together, but for the first; default is any */
  claimNotifications(
    channel: string,
    claim: Claim,
    maxBytes?: number,
  ): Promise<readonly WaitingNotification[]>;
  /** They stay on record. */
  notificationsSent(ids: readonly string[], now: Date): Promise<void>;
  /** They have arrived and are needed no more. */
  deleteNotifications(ids: readonly string[]): Promise<void>;
  postponeNotifications(ids: readonly string[], dueAt: Date, error: string): Promise<void>;
  /** They stay on record, of events no more than that there were some. */
  failNotifications(ids: readonly string[], error: string): Promise<void>;
  /** @throws when there is no such decision or alarm */
  news(subject: { readonly kind: News["kind"]; readonly id: string }): Promise<News>;
  /**
   * Tells the channels for events how things stand at the beginning of this period, together with how each of these firewalls was last
   * seen: once, whichever replica comes first.
   * @returns false when it was told already
   */
  tellState(
    period: Date,
    told: { readonly events: readonly ToldEvent[]; readonly firewalls: readonly string[] },
  ): Promise<boolean>;
}
