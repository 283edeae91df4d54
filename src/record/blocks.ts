import { randomUUID } from "node:crypto";
import type { Decision } from "../domain/decision.ts";
import { type IpPrefix, networkOf, prefixOf } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import { queueRemovals, queueRequests, supersedeRemovals } from "./enforcements.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { endHold } from "./holds.ts";
import { BlockRow } from "./rows.ts";

export const blockColumns = ["id", "prefix", "mode", "decision_id", "created_at", "expires_at"] as const;

/** Ending blocks. */
export function createBlockRecords({ writer }: Engine): Pick<Store, "liftBlock"> {
  return {
    liftBlock(prefix, lift) {
      const ended = {
        ended_at: lift.now.getTime(),
        lifted_by: storable(lift.actor),
        lift_reason: storable(lift.reason),
        grace_until: lift.graceUntil.getTime(),
      };
      return writer.transaction().execute(async (trx) => {
        const rows = await trx
          .updateTable("blocks")
          .set(ended)
          .where("prefix", "=", prefix)
          .where("ended_at", "is", null)
          .where("expires_at", ">", lift.now.getTime())
          .returning(blockColumns)
          .execute();
        await queueRemovals(
          trx,
          rows.map(({ id }) => id),
          lift.now,
        );
        const address = networkOf(prefix);
        if (rows.length > 0 && prefix === prefixOf(address)) {
          await endHold(trx, address, lift.now);
        }
        const lifted = rows.find(({ mode }) => mode === "enforce") ?? rows[0];
        return lifted === undefined ? null : BlockRow.parse(lifted);
      });
    },
  };
}

/**
 * Places the block of a decision, and with mode `enforce` asks each firewall for it.
 * @returns the sentence that says which block stands already or that a person lifted one, or null when this one was placed
 */
export async function placeBlock(
  db: Queries,
  decision: Decision,
  firewalls: readonly string[],
): Promise<string | null> {
  if (decision.expiresAt === null) {
    throw new Error(`${decision.id} is a block without an end`);
  }
  const prefix = prefixOf(decision.ip);
  const now = decision.decidedAt;
  await db
    .updateTable("blocks")
    .set((eb) => ({ ended_at: eb.ref("expires_at") }))
    .where("prefix", "=", prefix)
    .where("mode", "=", decision.mode)
    .where("ended_at", "is", null)
    .where("expires_at", "<=", now.getTime())
    .execute();
  const placed = await db
    .insertInto("blocks")
    .values({
      id: `bl_${randomUUID().replaceAll("-", "")}`,
      prefix,
      mode: decision.mode,
      decision_id: decision.id,
      created_at: now.getTime(),
      expires_at: decision.expiresAt.getTime(),
    })
    .onConflict((conflict) => conflict.columns(["prefix", "mode"]).where("ended_at", "is", null).doNothing())
    .returning("id")
    .executeTakeFirst();
  if (placed === undefined) {
    return describeBlock(db, prefix, decision);
  }
  // Not before: the insert has waited for a lifting that was under way.
  const graceUntil = decision.actor === "policy" ? await graceOf(db, prefix, now) : null;
  if (graceUntil !== null) {
    await db.deleteFrom("blocks").where("id", "=", placed.id).execute();
    return `a person lifted its block; alerts can't block it before ${graceUntil.toISOString()}`;
  }
  if (decision.mode === "enforce") {
    await supersedeRemovals(db, prefix, placed.id);
    await queueRequests(db, placed.id, firewalls, now);
  }
  return null;
}

/** Until when alerts may not block this network, whatever the mode of the block that was lifted. */
async function graceOf(db: Queries, prefix: IpPrefix, now: Date): Promise<Date | null> {
  const lifted = await db
    .selectFrom("blocks")
    .select("grace_until")
    .where("prefix", "=", prefix)
    .where("grace_until", ">", now.getTime())
    .orderBy("grace_until", "desc")
    .executeTakeFirst();
  return lifted === undefined || lifted.grace_until === null ? null : new Date(lifted.grace_until);
}

async function describeBlock(db: Queries, prefix: IpPrefix, { mode }: Decision): Promise<string> {
  const other = await db
    .selectFrom("blocks")
    .select(["expires_at", "decision_id"])
    .where("prefix", "=", prefix)
    .where("mode", "=", mode)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return other === undefined
    ? "already blocked at the same moment"
    : `already blocked until ${new Date(other.expires_at).toISOString()} by decision ${other.decision_id}`;
}
