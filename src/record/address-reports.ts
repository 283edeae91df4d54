import { type IpAddress, prefixOf } from "../domain/ip-address.ts";
import type { AddressReport, Store } from "../ports.ts";
import { coveringPrefixes } from "./covering-prefixes.ts";
import { DecisionRow } from "./decision-rows.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { holdsWithDecisions, readHolds } from "./hold-records.ts";
import type { ReadRows } from "./read-rows.ts";
import { readReceipts } from "./receipts.ts";
import { FindingRow } from "./rows.ts";
import { reportSightings, sightingReports } from "./sighting-reports.ts";
import { sumOfCounts } from "./sum-of-counts.ts";
import { waitingFor } from "./waiting-look-ups.ts";

/** In each list; an address may be seen for years. */
const mostTold = 100;

interface Reads {
  readonly engine: Engine;
  readonly readRows: ReadRows;
}

/** Everything about one address. */
export function createAddressReports(
  engine: Engine,
  readRows: ReadRows,
  { blocksOn, gracesOn }: Pick<Store, "blocksOn" | "gracesOn">,
): Pick<Store, "addressReport"> {
  const reads = { engine, readRows };
  return {
    async addressReport(ip, now) {
      const decisions = await decisionsOn(reads, ip);
      const blocks = await blocksOn(prefixOf(ip), now);
      return {
        ip,
        sightings: await sightingsOf(reads, ip),
        ...(await activityOf(engine, ip)),
        findings: await findingsOf(reads, ip),
        lookUps: await waitingFor(engine, ip),
        decisions,
        holds: await holdsOn(reads, ip, now),
        blocks,
        graces: await gracesOn(prefixOf(ip), now),
        receipts: await receiptsAbout(reads, [
          ...decisions.map(({ id }) => id),
          ...coveringPrefixes(prefixOf(ip)),
        ]),
      };
    },
  };
}

async function sightingsOf({ engine, readRows }: Reads, ip: IpAddress) {
  const rows = await reportSightings(engine.reader)
    .where("s.ip", "=", ip)
    .orderBy("s.created_at", "desc")
    .limit(mostTold)
    .execute();
  return sightingReports(engine, readRows, rows);
}

/** From the index alone, however often it was seen. */
async function activityOf(
  engine: Engine,
  ip: IpAddress,
): Promise<Pick<AddressReport, "events" | "firstSeenAt" | "lastSeenAt">> {
  const row = await engine.reader
    .selectFrom("sightings")
    .select(({ fn }) => [
      sumOfCounts(engine).as("events"),
      fn.min<number | null>("created_at").as("first"),
      fn.max<number | null>("created_at").as("last"),
    ])
    .where("ip", "=", ip)
    .executeTakeFirstOrThrow();
  return {
    events: row.events,
    firstSeenAt: dateOf(row.first),
    lastSeenAt: dateOf(row.last),
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

async function findingsOf({ engine, readRows }: Reads, ip: IpAddress) {
  const rows = await engine.reader
    .selectFrom("findings")
    .select(["provider", "finding"])
    .where("ip", "=", ip)
    .orderBy("found_at", "desc")
    .orderBy("provider")
    .limit(mostTold)
    .execute();
  return readRows(rows, {
    table: "findings",
    schema: FindingRow,
    idOf: ({ provider }) => `${provider} ${ip}`,
  }).readable;
}

async function decisionsOn({ engine, readRows }: Reads, ip: IpAddress) {
  const rows = await engine.reader
    .selectFrom("decisions")
    .selectAll()
    .where("ip", "=", ip)
    .orderBy("decided_at", "desc")
    .limit(mostTold)
    .execute();
  return readRows(rows, { table: "decisions", schema: DecisionRow, idOf: ({ id }) => id }).readable;
}

async function holdsOn({ engine, readRows }: Reads, ip: IpAddress, now: Date) {
  const rows = await holdsWithDecisions(engine.reader)
    .where("h.ip", "=", ip)
    .orderBy("h.created_at", "desc")
    .limit(mostTold)
    .execute();
  return readHolds(readRows, rows, now);
}

/**
 * What was done to a network around the address was done to it, too. In two steps and sorted here: to spare itself the sorting, an
 * engine would read all receipts in their order.
 */
async function receiptsAbout({ engine, readRows }: Reads, subjects: readonly string[]) {
  const found = await engine.reader
    .selectFrom("receipts")
    .select("seq")
    .where(isOneOf(engine, "subject", [...new Set(subjects)]))
    .execute();
  const newest = found
    .map(({ seq }) => seq)
    .toSorted((a, b) => b - a)
    .slice(0, mostTold);
  if (newest.length === 0) {
    return [];
  }
  const rows = await engine.reader
    .selectFrom("receipts")
    .selectAll()
    .where("seq", "in", newest)
    .orderBy("seq", "desc")
    .execute();
  return readReceipts(readRows, rows);
}
