import type { Policy } from "../domain/policy.ts";
import type { AddressFacts } from "../ports.ts";
import { roughSpan, spanWords } from "./span.ts";

type Offence = AddressFacts["offences"][number];

/** What an address has done before, as far as it still counts. */
export interface OffenceRecord {
  /** How many earlier blocks count. */
  readonly level: number;
  /** When the first of a row of blocks began that is not forgotten; null: there is none, or nobody knows. */
  readonly since: Date | null;
  /** When the last block ended; null: there was none. */
  readonly until: Date | null;
}

export const cleanRecord: OffenceRecord = { level: 0, since: null, until: null };

/** What earlier blocks, oldest first, come to at `now`. */
export function recordOf(offences: readonly Offence[], forgetSeconds: number, now: Date): OffenceRecord {
  const whole = offences.reduce(
    (record, offence) => withOffence(record, offence, forgetSeconds),
    cleanRecord,
  );
  return forgotten(whole, forgetSeconds, now);
}

/** How many earlier blocks count: each one, less one for each `forgetSeconds` between the end of one and the next, or now. */
export function offenceLevel(offences: readonly Offence[], forgetSeconds: number, now: Date): number {
  return recordOf(offences, forgetSeconds, now).level;
}

/** The record with one more block. */
export function withOffence(
  record: OffenceRecord,
  { from, until }: Offence,
  forgetSeconds: number,
): OffenceRecord {
  const before = forgotten(record, forgetSeconds, from);
  return {
    level: before.level + 1,
    since: before.level === 0 ? from : before.since,
    until: before.until === null || before.until < until ? until : before.until,
  };
}

/** What is left of a record at `now`. Does not change when it was last counted. */
export function forgotten(record: OffenceRecord, forgetSeconds: number, now: Date): OffenceRecord {
  const quietMs = record.until === null ? 0 : Math.max(0, now.getTime() - record.until.getTime());
  const quiet = quietMs === 0 ? 0 : Math.floor(quietMs / (forgetSeconds * 1000));
  return { ...record, level: Math.max(0, record.level - quiet) };
}

export interface BlockTime {
  /** Infinity: without end. */
  readonly seconds: number;
  /** `third block in 40 d: for 30 d`; null for the first. */
  readonly reason: string | null;
}

/** How long a new block stands. */
export function blockTime(
  record: OffenceRecord,
  { blockSeconds }: Pick<Policy, "blockSeconds">,
  now: Date,
): BlockTime {
  const { level, since } = record;
  const seconds = blockSeconds[Math.min(level, blockSeconds.length - 1)] ?? 0;
  if (level === 0) {
    return { seconds, reason: null };
  }
  const within = since === null ? "" : ` in ${roughSpan((now.getTime() - since.getTime()) / 1000)}`;
  const time = seconds === Number.POSITIVE_INFINITY ? "without end" : `for ${spanWords(seconds)}`;
  return { seconds, reason: `${blockNumber(level + 1)}${within}: ${time}` };
}

const ordinals = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];

function blockNumber(place: number): string {
  const ordinal = ordinals[place - 1];
  return ordinal === undefined ? `block number ${place}` : `${ordinal} block`;
}
