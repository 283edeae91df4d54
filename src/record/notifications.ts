import { sql } from "kysely";
import { z } from "zod";
import { type ToldEvent, toldKinds } from "../domain/told-event.ts";
import type { Store } from "../ports.ts";
import { claiming, done, leaseOf, noLease, oldestFirst } from "./claim.ts";
import { Json, Time } from "./columns.ts";
import { type Engine, isOneOf, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";

const ToldValue = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);

const Body = Json.pipe(z.object({ kind: z.enum(toldKinds), fields: z.record(z.string(), ToldValue) }));

const NotificationRow = z
  .object({
    id: z.string(),
    subject_kind: z.enum(["decision", "alarm", "event"]),
    subject_id: z.string(),
    created_at: Time,
    attempts: z.number(),
    body: Body.nullable(),
  })
  .transform((row) => ({
    id: row.id,
    subject: { kind: row.subject_kind, id: row.subject_id },
    event: eventOf(row.subject_id, row.created_at, row.body),
    createdAt: row.created_at,
    attempts: row.attempts,
  }));

function eventOf(id: string, at: Date, body: z.infer<typeof Body> | null): ToldEvent | null {
  return body === null ? null : { id, at, ...body };
}

type NotificationRecords = Pick<
  Store,
  | "claimNotifications"
  | "notificationsSent"
  | "deleteNotifications"
  | "postponeNotifications"
  | "failNotifications"
>;

/** Messages that wait. One to people that was sent or given up stays on record. */
export function createNotificationRecords(engine: Engine, readRows: ReadRows): NotificationRecords {
  const endings = createEndings(engine);
  return {
    ...endings,
    async claimNotifications(channel, claim, maxBytes) {
      const rows = await claiming(engine, "notifications", claim, {
        only: sql`and channel = ${channel}`,
        ...(maxBytes === undefined ? {} : { weigh: { column: "body", maxBytes } }),
      })
        .updateTable("notifications")
        .set(leaseOf(claim))
        .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
        .returning(["id", "subject_kind", "subject_id", "created_at", "attempts", "due_at", "body"])
        .execute();
      const { readable, unreadable } = readRows(rows.sort(inOrder), {
        table: "notifications",
        schema: NotificationRow,
        idOf: ({ id }) => id,
      });
      for (const { id, reason } of unreadable) {
        await endings.failNotifications([id], reason);
      }
      return readable;
    },
  };
}

function inOrder(
  a: { readonly due_at: number | null; readonly id: string },
  b: { readonly due_at: number | null; readonly id: string },
): number {
  return oldestFirst(a, b) || (a.id < b.id ? -1 : 1);
}

/** What becomes of those that were claimed. */
function createEndings(engine: Engine): Omit<NotificationRecords, "claimNotifications"> {
  const { writer } = engine;
  const these = (ids: readonly string[]) => isOneOf(engine, "id", ids);
  return {
    async notificationsSent(ids, now) {
      await writer
        .updateTable("notifications")
        .set({ ...done, state: "sent", sent_at: now.getTime(), error: null })
        .where(these(ids))
        .execute();
    },

    async deleteNotifications(ids) {
      await writer.deleteFrom("notifications").where(these(ids)).execute();
    },

    async postponeNotifications(ids, dueAt, error) {
      await writer
        .updateTable("notifications")
        .set((eb) => ({
          ...noLease,
          due_at: dueAt.getTime(),
          attempts: eb("attempts", "+", 1),
          error: storable(error),
        }))
        .where(these(ids))
        .where("state", "=", "waiting")
        .execute();
    },

    async failNotifications(ids, error) {
      await writer
        .updateTable("notifications")
        .set((eb) => ({
          ...done,
          state: "failed",
          attempts: eb("attempts", "+", 1),
          error: storable(error),
          body: null,
        }))
        .where(these(ids))
        .where("state", "=", "waiting")
        .execute();
    },
  };
}
