import type { Alert } from "../domain/alert.ts";
import type { Store } from "../ports.ts";
import { claiming, done, leaseOf, oldestFirst } from "./claim.ts";
import { alertColumns, type AlertValues, type Engine, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { settingsText } from "./stored-settings.ts";
import { AlertRow } from "./rows.ts";

/** Of one claim, in memory and parsed at once: about 0.2 s of a processor and 100 MB. */
const claimedBytes = 4 * 1024 * 1024;

/** What was delivered, and whether its addresses have been taken from it. */
export function createAlertRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "insertAlerts" | "claimAlerts" | "failAlert"> {
  const failAlert = async (alertId: string, reason: string): Promise<void> => {
    await engine.writer
      .updateTable("alerts")
      .set({ ...done, error: storable(reason) })
      .where("id", "=", alertId)
      .execute();
  };
  return {
    insertAlerts: (alerts) =>
      alerts.length === 0 ? Promise.resolve([]) : engine.insertAlerts(alerts.map(valuesOf)),

    async claimAlerts(claim) {
      const rows = await claiming(engine, "alerts", claim, {
        weigh: { column: "rows", maxBytes: claimedBytes },
      })
        .updateTable("alerts")
        .set(leaseOf(claim))
        .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning([...alertColumns, "due_at"])
        .execute();
      const { readable, unreadable } = readRows(rows.sort(oldestFirst), {
        table: "alerts",
        schema: AlertRow,
        idOf: ({ id }) => id,
      });
      for (const { id, reason } of unreadable) {
        await failAlert(id, reason);
      }
      return readable;
    },

    failAlert,
  };
}

function valuesOf(alert: Alert): AlertValues {
  return [
    alert.id,
    storable(alert.source),
    storable(alert.sid),
    storable(alert.searchName),
    storable(alert.app),
    storable(alert.owner),
    storable(alert.resultsLink),
    JSON.stringify(alert.rows),
    alert.rows.length,
    storable(alert.extras),
    alert.receivedAt.getTime(),
    settingsText(alert.settings),
  ];
}
