import type { Alert } from "../domain/alert.ts";
import type { Store } from "../ports.ts";
import { claiming, done, leaseOf, oldestFirst } from "./claim.ts";
import { alertColumns, type AlertValues, type Engine, storable } from "./engine.ts";
import { AlertRow } from "./rows.ts";

/** What was delivered, and whether its addresses have been taken from it. */
export function createAlertRecords(
  engine: Engine,
): Pick<Store, "insertAlerts" | "claimAlerts" | "failAlert"> {
  return {
    insertAlerts: (alerts) =>
      alerts.length === 0 ? Promise.resolve([]) : engine.insertAlerts(alerts.map(valuesOf)),

    async claimAlerts(claim) {
      const rows = await claiming(engine, "alerts", claim)
        .updateTable("alerts")
        .set(leaseOf(claim))
        .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning([...alertColumns, "due_at"])
        .execute();
      return rows.sort(oldestFirst).map((row) => AlertRow.parse(row));
    },

    async failAlert(alertId, reason) {
      await engine.writer
        .updateTable("alerts")
        .set({ ...done, error: storable(reason) })
        .where("id", "=", alertId)
        .execute();
    },
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
    alert.receivedAt.getTime(),
  ];
}
