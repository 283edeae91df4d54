import { sql } from "kysely";
import type { Store } from "../ports.ts";
import { claiming, done, leaseOf, noLease, oldestFirst } from "./claim.ts";
import { type Engine, storable } from "./engine.ts";

/** Messages that wait. One that was sent or given up stays on record. */
export function createNotificationRecords(
  engine: Engine,
): Pick<Store, "claimNotifications" | "notificationSent" | "postponeNotification" | "failNotification"> {
  const { writer } = engine;
  return {
    async claimNotifications(channel, claim) {
      const rows = await claiming(engine, "notifications", claim, { only: sql`and channel = ${channel}` })
        .updateTable("notifications")
        .set(leaseOf(claim))
        .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning(["id", "subject_kind", "subject_id", "created_at", "attempts", "due_at"])
        .execute();
      return rows.sort(oldestFirst).map((row) => ({
        id: row.id,
        subject: { kind: row.subject_kind, id: row.subject_id },
        createdAt: new Date(row.created_at),
        attempts: row.attempts,
      }));
    },

    async notificationSent(id, now) {
      await writer
        .updateTable("notifications")
        .set({ ...done, state: "sent", sent_at: now.getTime(), error: null })
        .where("id", "=", id)
        .execute();
    },

    async postponeNotification(id, dueAt, error) {
      await writer
        .updateTable("notifications")
        .set((eb) => ({
          ...noLease,
          due_at: dueAt.getTime(),
          attempts: eb("attempts", "+", 1),
          error: storable(error),
        }))
        .where("id", "=", id)
        .where("state", "=", "waiting")
        .execute();
    },

    async failNotification(id, error) {
      await writer
        .updateTable("notifications")
        .set((eb) => ({
          ...done,
          state: "failed",
          attempts: eb("attempts", "+", 1),
          error: storable(error),
        }))
        .where("id", "=", id)
        .where("state", "=", "waiting")
        .execute();
    },
  };
}
