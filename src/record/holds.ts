import { sql } from "kysely";
import { type BlockMode, blockModeOf, type Decision } from "../domain/decision.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Act, Hold } from "../ports.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import type { ReceiptDraft } from "./receipts.ts";

/** How a hold ended. */
type Outcome = Exclude<Hold["state"], "waiting" | "lapsed">;

/** A hold that nobody answered is found among those that wait for so long; longer than a clock is wrong. */
const lapsedMs = 7 * 24 * 60 * 60 * 1000;

/** At a time: few, and more than are placed. */
const lapsedAtOnce = 100;

/** Who ended a hold, and with which decision, if with one. */
export interface Ending extends Act {
  readonly decisionId: string | null;
}

/** @returns the sentence that says which hold stands already, or null when this one was placed */
export async function placeHold(engine: Engine, db: Queries, decision: Decision): Promise<string | null> {
  const { id, ip, decidedAt, expiresAt, holdCause } = decision;
  const mode = blockModeOf(decision.mode);
  if (expiresAt === null || holdCause === null) {
    throw new Error(`${id} is a hold without an end or a cause`);
  }
  await db
    .updateTable("holds")
    .set((eb) => ({ ended_at: eb.ref("expires_at"), outcome: "lapsed" }))
    .where("ip", "=", ip)
    .where("mode", "=", mode)
    .where("ended_at", "is", null)
    .where("expires_at", "<=", decidedAt.getTime())
    .execute();
  await endLapsed(engine, db, decidedAt);
  const placed = await db
    .insertInto("holds")
    .values({
      decision_id: id,
      ip,
      mode,
      created_at: decidedAt.getTime(),
      expires_at: expiresAt.getTime(),
      cause: holdCause,
    })
    .onConflict((conflict) => conflict.columns(["ip", "mode"]).where("ended_at", "is", null).doNothing())
    .returning("decision_id")
    .executeTakeFirst();
  return placed === undefined ? describeHold(db, ip, mode) : null;
}

/** What waits must not become more and more by what nobody has answered. */
async function endLapsed(engine: Engine, db: Queries, now: Date): Promise<void> {
  const skipLocked = engine.kind === "postgres" ? sql`for update skip locked` : sql``;
  await sql`
    update holds set ended_at = expires_at, outcome = 'lapsed' where decision_id in (
      select decision_id from holds where ended_at is null and expires_at <= ${now.getTime() - lapsedMs}
      limit ${lapsedAtOnce} ${skipLocked})`.execute(db);
}

/**
 * The address was blocked in this mode: of a block that is in force nothing is left to be asked, one on record settles only what would be
 * on record. @returns a receipt for each hold on exactly this address that waited
 */
export async function supersedeHolds(
  db: Queries,
  { ip, mode }: { readonly ip: IpAddress; readonly mode: BlockMode },
  ending: Ending,
): Promise<readonly ReceiptDraft[]> {
  const ended = await db
    .updateTable("holds")
    .set(endedBy("superseded", ending))
    .where("ip", "=", ip)
    .$if(mode === "observe", (query) => query.where("mode", "=", mode))
    .where("ended_at", "is", null)
    .where("expires_at", ">", ending.now.getTime())
    .returning("decision_id")
    .execute();
  return ended.map(({ decision_id: id }) => endedReceipt({ id, ip, outcome: "superseded" }, ending));
}

/**
 * A person's decision ends the hold that it answers: `released` when it waited only because there were too many or a pause, else
 * `approved`. @returns how, or null when it does not wait any more
 */
export async function answerHold(
  db: Queries,
  { id, ip }: { readonly id: string; readonly ip: IpAddress },
  ending: Ending,
): Promise<Outcome | null> {
  const isReleased = sql<Outcome>`case when cause in ('limit', 'paused') then 'released' else 'approved' end`;
  const ended = await db
    .updateTable("holds")
    .set({ ...endedBy("approved", ending), outcome: isReleased })
    .where("decision_id", "=", id)
    .where("ip", "=", ip)
    .where("ended_at", "is", null)
    .where("expires_at", ">", ending.now.getTime())
    .returning("outcome")
    .executeTakeFirst();
  const outcome = ended?.outcome ?? null;
  return outcome === "lapsed" ? null : outcome;
}

/** What a person has answered could not be done: it had been settled otherwise. */
export async function markSuperseded(db: Queries, id: string, reason: string): Promise<void> {
  await db
    .updateTable("holds")
    .set({ outcome: "superseded", reason: storable(reason) })
    .where("decision_id", "=", id)
    .execute();
}

/** A person says no. @returns its address, or undefined when it does not wait any more */
export async function refuseHold(db: Queries, id: string, act: Act): Promise<string | undefined> {
  const ended = await db
    .updateTable("holds")
    .set(endedBy("denied", act))
    .where("decision_id", "=", id)
    .where("ended_at", "is", null)
    .where("expires_at", ">", act.now.getTime())
    .returning("ip")
    .executeTakeFirst();
  return ended?.ip;
}

/** What the chain keeps of the end of a hold. */
export function endedReceipt(
  { id, ip, outcome }: { readonly id: string; readonly ip: string; readonly outcome: Outcome },
  { actor, reason, now, decisionId }: Ending,
): ReceiptDraft {
  return {
    at: now,
    kind: "hold-ended",
    subject: id,
    actor,
    body: { decisionId: id, ip, outcome, reason, by: decisionId },
  };
}

export function endedBy(outcome: Outcome, { actor, reason, now }: Act) {
  return {
    ended_at: now.getTime(),
    outcome,
    actor: storable(actor),
    reason: storable(reason),
  };
}

async function describeHold(db: Queries, ip: IpAddress, mode: BlockMode): Promise<string> {
  const other = await db
    .selectFrom("holds")
    .select(["expires_at", "decision_id"])
    .where("ip", "=", ip)
    .where("mode", "=", mode)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return other === undefined
    ? "already held at the same moment"
    : `already held until ${new Date(other.expires_at).toISOString()} by decision ${other.decision_id}`;
}
