import type { Decision } from "../domain/decision.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Queries } from "./engine.ts";

/** @returns the sentence that says which hold stands already, or null when this one was placed */
export async function placeHold(db: Queries, decision: Decision): Promise<string | null> {
  if (decision.expiresAt === null) {
    throw new Error(`${decision.id} is a hold without an end`);
  }
  await db
    .updateTable("holds")
    .set((eb) => ({ ended_at: eb.ref("expires_at") }))
    .where("ip", "=", decision.ip)
    .where("ended_at", "is", null)
    .where("expires_at", "<=", decision.decidedAt.getTime())
    .execute();
  const placed = await db
    .insertInto("holds")
    .values({
      decision_id: decision.id,
      ip: decision.ip,
      created_at: decision.decidedAt.getTime(),
      expires_at: decision.expiresAt.getTime(),
    })
    .onConflict((conflict) => conflict.column("ip").where("ended_at", "is", null).doNothing())
    .returning("decision_id")
    .executeTakeFirst();
  return placed === undefined ? describeHold(db, decision.ip) : null;
}

/** When the hold on exactly this address lapses, in milliseconds; null when none stands. */
export async function heldUntil(db: Queries, ip: IpAddress, now: Date): Promise<number | null> {
  const hold = await db
    .selectFrom("holds")
    .select("expires_at")
    .where("ip", "=", ip)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now.getTime())
    .executeTakeFirst();
  return hold?.expires_at ?? null;
}

/** Somebody has decided. */
export async function endHold(db: Queries, ip: IpAddress, now: Date): Promise<void> {
  await db
    .updateTable("holds")
    .set({ ended_at: now.getTime() })
    .where("ip", "=", ip)
    .where("ended_at", "is", null)
    .execute();
}

async function describeHold(db: Queries, ip: IpAddress): Promise<string> {
  const other = await db
    .selectFrom("holds")
    .select(["expires_at", "decision_id"])
    .where("ip", "=", ip)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return other === undefined
    ? "already held at the same moment"
    : `already held until ${new Date(other.expires_at).toISOString()} by decision ${other.decision_id}`;
}
