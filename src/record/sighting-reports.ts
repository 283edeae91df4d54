import type { Decision } from "../domain/decision.ts";
import type { SightingReport } from "../ports.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { SightingReportRow } from "./report-rows.ts";
import { DecisionRow } from "./decision-rows.ts";

/** Begins a query for what `sightingReports` reads; the sightings are `s`. */
export function reportSightings(db: Queries) {
  return db
    .selectFrom("sightings as s")
    .leftJoin("alerts as a", "a.id", "s.alert_id")
    .selectAll("s")
    .select(["a.search_name", "a.settings"]);
}

/** Sightings with what was decided about each, in the same order. */
export async function sightingReports(
  engine: Engine,
  readRows: ReadRows,
  rows: readonly { readonly id: string; readonly alert_id: string; readonly ip: string }[],
): Promise<readonly SightingReport[]> {
  const decisions = await decisionsAbout(engine, readRows, rows);
  const { readable } = readRows(rows, {
    table: "sightings",
    schema: SightingReportRow,
    idOf: ({ id }) => id,
  });
  return readable.map((report) => ({
    ...report,
    decision: decisions.get(keyOf(report.alertId, report.sighting.ip)) ?? null,
  }));
}

/** The last one of each alert and address: what the policy held, a person may have decided after it. */
async function decisionsAbout(
  engine: Engine,
  readRows: ReadRows,
  rows: readonly { readonly alert_id: string; readonly ip: string }[],
): Promise<ReadonlyMap<string, Decision>> {
  const wanted = {
    alert_id: [...new Set(rows.map(({ alert_id }) => alert_id))],
    ip: [...new Set(rows.map(({ ip }) => ip))],
  };
  const found = await engine.reader
    .selectFrom("decisions")
    .selectAll()
    .where(isOneOf(engine, "alert_id", wanted.alert_id))
    .where(isOneOf(engine, "ip", wanted.ip))
    .execute();
  // Sorted here: to spare itself the sorting, an engine would read all decisions in the order of their time.
  const sorted = found.toSorted((a, b) => a.decided_at - b.decided_at || (a.id < b.id ? -1 : 1));
  const { readable } = readRows(sorted, { table: "decisions", schema: DecisionRow, idOf: ({ id }) => id });
  return new Map(readable.map((decision) => [keyOf(decision.alertId, decision.ip), decision]));
}

function keyOf(alertId: string, ip: string): string {
  return `${alertId} ${ip}`;
}
