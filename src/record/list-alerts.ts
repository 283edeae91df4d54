import type { Alert } from "../domain/alert.ts";
import { fromWebhook } from "../domain/alert-source.ts";
import type { AlertSummary, RecoverySummary, Store } from "../ports.ts";
import { alertColumns, type Engine, isOneOf } from "./engine.ts";
import { fieldsOfAlerts } from "./alert-fields.ts";
import { isOlder, pageOf } from "./page-cursor.ts";
import type { ReadRows } from "./read-rows.ts";
import { AlertSummaryRow } from "./report-rows.ts";
import { RecoverySummaryRow } from "./recovery-rows.ts";
import { AlertRow } from "./rows.ts";
import { settingsOf } from "./stored-settings.ts";
import { reportSightings, sightingReports } from "./sighting-reports.ts";

/** Without the rows: they may be megabytes each. */
const summaryColumns = [
  "id",
  "source",
  "sid",
  "search_name",
  "received_at",
  "row_count",
  "error",
  "is_genuine",
  "doubt",
  "due_at",
] as const;

/** Of one alert; it may name very many. */
const mostSightings = 1000;

/** Alerts with what became of them, for people. */
export function createAlertLists(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "listAlerts" | "alert" | "settingsOfAlert"> {
  const { reader } = engine;
  return {
    async listAlerts({ limit, cursor }) {
      const rows = await reader
        .selectFrom("alerts")
        .select(summaryColumns)
        .where(isOlder(cursor, "received_at"))
        .orderBy("received_at", "desc")
        .orderBy("id", "desc")
        // One more than wanted tells whether there are more.
        .limit(limit + 1)
        .execute();
      const page = pageOf(rows, limit, ({ received_at: at, id }) => ({ at, id }));
      return { items: await summariesOf(engine, readRows, page.rows), next: page.next };
    },

    async alert(id) {
      const rows = await reader
        .selectFrom("alerts")
        .select([...alertColumns, "error", "due_at", "is_genuine", "doubt"])
        .where("id", "=", id)
        .execute();
      const [alert] = readRows(rows, { table: "alerts", schema: AlertRow, idOf: idOfRow }).readable;
      const [summary] = await summariesOf(engine, readRows, rows);
      return alert === undefined || summary === undefined
        ? undefined
        : { alert, summary, sightings: await sightingsOf(engine, readRows, alert) };
    },

    settingsOfAlert: (id) => settingsOf(reader, id),
  };
}

function idOfRow({ id }: { readonly id: string }): string {
  return id;
}

async function sightingsOf(engine: Engine, readRows: ReadRows, { id }: Alert) {
  const rows = await reportSightings(engine.reader)
    .where("s.alert_id", "=", id)
    .orderBy("s.ip")
    .limit(mostSightings)
    .execute();
  return sightingReports(engine, readRows, rows);
}

async function summariesOf(
  engine: Engine,
  readRows: ReadRows,
  rows: readonly { readonly id: string }[],
): Promise<readonly AlertSummary[]> {
  const { readable } = readRows(rows, { table: "alerts", schema: AlertSummaryRow, idOf: idOfRow });
  const ids = readable.map(({ id }) => id);
  const seen = await engine.reader
    .selectFrom("sightings")
    .select((eb) => [
      "alert_id",
      eb.fn.countAll<number>().as("all"),
      eb.fn.count<number>("due_at").as("waiting"),
    ])
    .where(isOneOf(engine, "alert_id", ids))
    .groupBy("alert_id")
    .execute();
  const decided = await engine.reader
    .selectFrom("decisions")
    .select((eb) => ["alert_id", "action", eb.fn.countAll<number>().as("n")])
    .where(isOneOf(engine, "alert_id", ids))
    .groupBy(["alert_id", "action"])
    .execute();
  const recoveries = await recoveriesOf(engine, readRows, readable);
  const sightings = new Map(seen.map((row) => [row.alert_id, row]));
  const decisions = Map.groupBy(decided, (row) => row.alert_id);
  const nameless = readable.filter(({ id, isRead }) => isRead && !sightings.has(id)).map(({ id }) => id);
  const fields = await fieldsOfAlerts(engine, nameless);
  return readable.map(({ isRead, ...alert }) => ({
    ...alert,
    noAddress: isRead && !sightings.has(alert.id) ? { fields: fields.get(alert.id) ?? null } : null,
    sightings: sightings.get(alert.id)?.all ?? 0,
    waiting: sightings.get(alert.id)?.waiting ?? 0,
    decisions: Object.fromEntries((decisions.get(alert.id) ?? []).map(({ action, n }) => [action, n])),
    recovery: recoveries.get(alert.id) ?? null,
  }));
}

/** Of those alerts that came themselves. */
async function recoveriesOf(
  engine: Engine,
  readRows: ReadRows,
  alerts: readonly Pick<AlertSummary, "id" | "source" | "sid">[],
): Promise<ReadonlyMap<string, RecoverySummary>> {
  const sids = alerts.flatMap(({ source, sid }) => (source === fromWebhook && sid !== null ? [sid] : []));
  const rows = await engine.reader
    .selectFrom("recoveries")
    .select(["sid", "outcome", "rows", "error"])
    .where(isOneOf(engine, "sid", sids))
    .execute();
  const { readable } = readRows(rows, {
    table: "recoveries",
    schema: RecoverySummaryRow,
    idOf: (row) => row.sid,
  });
  const bySid = new Map(readable.map(({ sid, ...summary }) => [sid, summary]));
  return new Map(
    alerts.flatMap(({ id, source, sid }) => {
      const summary = source === fromWebhook ? bySid.get(sid ?? "") : undefined;
      return summary === undefined ? [] : [[id, summary] as const];
    }),
  );
}
