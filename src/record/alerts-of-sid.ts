import { sql } from "kysely";
import { fromWebhook } from "../domain/alert-source.ts";
import { searchTimeOf } from "../domain/sid.ts";
import type { Store } from "../ports.ts";
import { alertColumns, type Engine, isOneOf, type Queries } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { Confirmed, confirmationOf } from "./recovery-rows.ts";
import { AlertRow } from "./rows.ts";

/** Of one sid; Splunk sends at most 500 one by one, and more rows come as alerts of 2,000. */
const mostAlerts = 1000;
/** Of their rows together, in memory at once: whoever has the token may send many large ones. */
const mostBytes = 16 * 1024 * 1024;

/** What has come of a run of a search, and whether it is genuine. */
export function createSidReads(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "alertsOfSid" | "knownSids" | "confirmationOf"> {
  const { reader } = engine;
  return {
    async alertsOfSid(sid, sources) {
      const found = await alertsOf(reader, sid)
        .select(["id", sql<number>`octet_length(${sql.ref("rows")})`.as("bytes")])
        .where(isOneOf(engine, "source", sources))
        .orderBy("id")
        .limit(mostAlerts)
        .execute();
      const rows = await reader
        .selectFrom("alerts")
        .select(alertColumns)
        .where(isOneOf(engine, "id", lightest(found)))
        .orderBy("id")
        .execute();
      return readRows(rows, { table: "alerts", schema: AlertRow, idOf: ({ id }) => id }).readable;
    },

    async knownSids(sids) {
      const recovering = await reader
        .selectFrom("recoveries")
        .select("sid")
        .where(isOneOf(engine, "sid", sids))
        .execute();
      const known = new Set(recovering.map(({ sid }) => sid));
      for (const sid of sids) {
        if (!known.has(sid) && (await alertsOf(reader, sid).select("id").limit(1).execute()).length > 0) {
          known.add(sid);
        }
      }
      return known;
    },

    async confirmationOf(alertId) {
      const row = await reader
        .selectFrom("alerts")
        .select(["source", "is_genuine", "doubt"])
        .where("id", "=", alertId)
        .executeTakeFirst();
      return row !== undefined && row.source !== fromWebhook
        ? { isGenuine: true, doubt: null }
        : confirmationOf(Confirmed.parse(row ?? { is_genuine: null, doubt: null }));
    },
  };
}

/** The first of these, as many as can be in memory together. */
function lightest(found: readonly { readonly id: string; readonly bytes: number }[]): readonly string[] {
  let bytes = 0;
  const ids: string[] = [];
  for (const one of found) {
    bytes += one.bytes;
    if (bytes > mostBytes) {
      break;
    }
    ids.push(one.id);
  }
  return ids;
}

/** Found by the beginning of their ids, because an index on `sid` would be one more page for each alert that comes. */
function alertsOf(reader: Queries, sid: string) {
  const time = searchTimeOf(sid);
  const query = reader.selectFrom("alerts").where("sid", "=", sid);
  // One whose sid does not tell its time can be anywhere: only the one that the recovery knows is found.
  return time === ""
    ? query.where("id", "in", (eb) =>
        eb
          .selectFrom("recoveries")
          .select((of) => of.fn.coalesce("alert_id", of.val("")).as("id"))
          .where("recoveries.sid", "=", sid),
      )
    : query.where("id", ">=", `al_${time}`).where("id", "<", `al_${time}g`);
}
