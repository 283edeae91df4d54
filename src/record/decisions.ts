import { randomUUID } from "node:crypto";
import type { Decision } from "../domain/decision.ts";
import type { DecisionRecord, Store } from "../ports.ts";
import { done } from "./claim.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { endHold, placeHold } from "./holds.ts";
import { placeBlock } from "./place-block.ts";
import { DecisionRow } from "./rows.ts";
import { shareTransaction } from "./shared-transaction.ts";

/** What was decided, committed together with all that follows from it. */
export function createDecisionRecords(engine: Engine): Pick<Store, "recordDecision"> {
  return { recordDecision: shareTransaction(engine, (db, record) => commitDecision(engine, db, record)) };
}

async function commitDecision(engine: Engine, db: Queries, record: DecisionRecord): Promise<Decision> {
  const { decision } = record;
  if (!(await insertDecision(db, decision))) {
    return decisionOf(db, decision.id);
  }
  const obstacle = await place(engine, db, record);
  const recorded = obstacle === null ? decision : await turnIntoIgnore(db, decision, obstacle);
  await insertNotifications(db, record, recorded);
  await db
    .updateTable("sightings")
    // Why it was postponed: only of one that failed the reason stays.
    .set({ ...done, error: null })
    .where("id", "=", record.sightingId)
    .execute();
  return recorded;
}

/** @throws {Error} when there is no such decision */
export async function decisionOf(db: Queries, id: string): Promise<Decision> {
  const row = await db.selectFrom("decisions").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) {
    throw new Error(`there is no decision ${id}`);
  }
  return DecisionRow.parse(row);
}

/** False when its id is known. Goes first: of two who record the same decision at once, the second waits here. */
async function insertDecision(db: Queries, decision: Decision): Promise<boolean> {
  const inserted = await db
    .insertInto("decisions")
    .values({
      id: decision.id,
      alert_id: decision.alertId,
      ip: decision.ip,
      action: decision.action,
      reasons: JSON.stringify(decision.reasons),
      rule: storable(decision.rule),
      policy_version: decision.policyVersion,
      mode: decision.mode,
      findings: JSON.stringify(decision.findings),
      actor: storable(decision.actor),
      decided_at: decision.decidedAt.getTime(),
      expires_at: decision.expiresAt?.getTime() ?? null,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

/** @returns why it can't be done, as a sentence, or null when it is */
async function place(engine: Engine, db: Queries, record: DecisionRecord): Promise<string | null> {
  const { decision } = record;
  if (decision.action === "hold") {
    return placeHold(db, decision);
  }
  if (decision.action !== "block") {
    return null;
  }
  const obstacle = await placeBlock(engine, db, record);
  if (obstacle === null) {
    // What waited for a person has been decided.
    await endHold(db, decision.ip, decision.decidedAt);
  }
  return obstacle;
}

async function turnIntoIgnore(db: Queries, decision: Decision, obstacle: string): Promise<Decision> {
  const reasons = [obstacle, ...decision.reasons];
  await db
    .updateTable("decisions")
    .set({ action: "ignore", reasons: JSON.stringify(reasons), expires_at: null })
    .where("id", "=", decision.id)
    .execute();
  return { ...decision, action: "ignore", reasons, expiresAt: null };
}

async function insertNotifications(db: Queries, record: DecisionRecord, decision: Decision): Promise<void> {
  const concernsPeople = decision.action === "block" || decision.action === "hold";
  if (!concernsPeople || record.notifications.length === 0) {
    return;
  }
  await db
    .insertInto("notifications")
    .values(
      record.notifications.map(({ channel, dueAt }) => ({
        id: `no_${randomUUID().replaceAll("-", "")}`,
        decision_id: decision.id,
        channel,
        state: "waiting" as const,
        created_at: decision.decidedAt.getTime(),
        due_at: dueAt.getTime(),
        attempts: 0,
      })),
    )
    .onConflict((conflict) => conflict.columns(["decision_id", "channel"]).doNothing())
    .execute();
}
