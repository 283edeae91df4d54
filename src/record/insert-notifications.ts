import { randomUUID } from "node:crypto";
import type { WaitingNotification } from "../ports.ts";
import type { Queries } from "./engine.ts";

export interface WantedNotifications {
  readonly createdAt: Date;
  readonly notifications: readonly { readonly channel: string; readonly dueAt: Date }[];
}

/** Tells each channel once about a subject, whoever else is telling it too. */
export async function insertNotifications(
  db: Queries,
  subject: WaitingNotification["subject"],
  { createdAt, notifications }: WantedNotifications,
): Promise<void> {
  if (notifications.length === 0) {
    return;
  }
  await db
    .insertInto("notifications")
    .values(
      notifications.map(({ channel, dueAt }) => ({
        id: `no_${randomUUID().replaceAll("-", "")}`,
        subject_kind: subject.kind,
        subject_id: subject.id,
        channel,
        state: "waiting" as const,
        created_at: createdAt.getTime(),
        due_at: dueAt.getTime(),
        attempts: 0,
      })),
    )
    .onConflict((conflict) => conflict.columns(["subject_id", "channel"]).doNothing())
    .execute();
}
