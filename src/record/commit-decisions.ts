import { forever } from "../domain/block.ts";
import { blockModeOf, type Decision } from "../domain/decision.ts";
import type { ToldEvent } from "../domain/told-event.ts";
import type { DecisionRecord } from "../ports.ts";
import { done } from "./claim.ts";
import { type DecisionBatch, openBatch } from "./decision-batch.ts";
import { DecisionRow, decisionColumns, decisionValues } from "./decision-rows.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import { answerHold, endedReceipt, type Ending, markSuperseded, placeHold, supersedeHolds } from "./holds.ts";
import { decidedEvent } from "./events/block-event.ts";
import { notesOf } from "./stored-settings.ts";
import { decisionEvent } from "./events/decision-event.ts";
import { insertEvents, tellsEvents } from "./events/insert-events.ts";
import { insertNotifications } from "./insert-notifications.ts";
import { noteLimit } from "./limited.ts";
import { lockSightings } from "./lock-look-ups.ts";
import { type InsertTarget, insertMany } from "./multi-insert.ts";
import { type Placed, placeBlock, type Wish } from "./place-block.ts";
import { blockReceipt, decisionReceipt } from "./receipt-bodies.ts";
import { appendReceipts, type ReceiptDraft } from "./receipts.ts";
import type { Restraint } from "./restraint.ts";
import type { StandingCount } from "./standing-count.ts";

export interface CommitDeps {
  readonly engine: Engine;
  readonly standing: StandingCount;
}

/** True when more follows from it than that it is on record. */
export function hasConsequences({ decision, answers }: DecisionRecord): boolean {
  return decision.action === "block" || decision.action === "hold" || answers !== null;
}

/**
 * Records decisions with all that follows from each, in their order, inside the caller's transaction, of which it must be the last work.
 * @returns each as it stands in the store
 */
export async function commitDecisions(
  { engine, standing }: CommitDeps,
  db: Queries,
  records: readonly DecisionRecord[],
): Promise<readonly Decision[]> {
  // First, or two that record the same decisions at once would wait crosswise with one that lifts blocks.
  const batch = records.some(hasConsequences) ? await openBatch(engine, db, { standing, records }) : null;
  const fresh = await insertDecisions(engine, db, records);
  const recorded: DecisionRecord[] = [];
  const settled: Settled[] = [];
  const isNew: Settled[] = [];
  for (const record of records) {
    if (!fresh.delete(record.decision.id)) {
      settled.push({ decision: await decisionOf(db, record.decision.id), receipts: [], placed: null });
      continue;
    }
    recorded.push(record);
    const each = await settle(batch, record);
    settled.push(each);
    isNew.push(each);
  }
  await finishSightings(engine, db, recorded);
  if (tellsEvents(engine)) {
    const notes = await notesOf(
      engine,
      db,
      isNew.map(({ decision }) => decision.alertId),
    );
    await insertEvents(
      engine,
      db,
      isNew.flatMap((each) => eventsOf(each, notes.get(each.decision.alertId) ?? null)),
    );
  }
  const receipts = settled.flatMap((each) => each.receipts);
  await appendReceipts(engine, db, receipts);
  return settled.map(({ decision }) => decision);
}

/** @throws {Error} when there is no such decision */
export async function decisionOf(db: Queries, id: string): Promise<Decision> {
  const row = await db
    .selectFrom("decisions")
    .select(decisionColumns)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) {
    throw new Error(`there is no decision ${id}`);
  }
  return DecisionRow.parse(row);
}

/** A decision as it was recorded, with the receipts of all that followed, its own first. */
interface Settled {
  readonly decision: Decision;
  readonly receipts: readonly ReceiptDraft[];
  /** The block that it made; null: none. */
  readonly placed: Placed | null;
}

function eventsOf({ decision, placed }: Settled, note: string | null): readonly ToldEvent[] {
  const told = decisionEvent(decision, note);
  return placed === null ? [told] : [told, decidedEvent(decision, placed.block, placed.replaces)];
}

const decisionTarget: InsertTarget = {
  table: "decisions",
  columns: decisionColumns,
  end: "on conflict (id) do nothing returning id",
};

/** @returns the ids that are new. Of two transactions that record the same decision, the second waits here. */
async function insertDecisions(
  engine: Engine,
  db: Queries,
  records: readonly DecisionRecord[],
): Promise<Set<string>> {
  const rows = records.map(({ decision }) => {
    const values = decisionValues(decision);
    return decisionColumns.map((name) => values[name]);
  });
  const inserted = await insertMany<{ readonly id: string }>({ engine, db }, decisionTarget, rows);
  return new Set(inserted.map(({ id }) => id));
}

async function settle(batch: DecisionBatch | null, record: DecisionRecord): Promise<Settled> {
  const { decision, answers } = record;
  if (batch === null) {
    return plain(decision);
  }
  if (answers !== null) {
    return settleAnswer(batch, record, answers);
  }
  return settleAction(batch, record, decision.actor === "policy" ? "policy" : "person");
}

async function settleAnswer(batch: DecisionBatch, record: DecisionRecord, holdId: string): Promise<Settled> {
  const { id, ip, actor, reasons, decidedAt } = record.decision;
  const ending: Ending = { actor, reason: reasons[0] ?? "", now: decidedAt, decisionId: id };
  const answered = await answerHold(batch.db, { id: holdId, ip }, ending);
  if (answered === null) {
    return toIgnore(batch.db, record.decision, `the hold ${holdId} does not wait any more`);
  }
  // What waited only for room or for the end of a pause was approved by nobody who looked at it.
  const settled = await settleAction(batch, record, answered === "released" ? "policy" : "person");
  const isDone = settled.decision.action === record.decision.action;
  if (!isDone) {
    await markSuperseded(batch.db, holdId, settled.decision.reasons[0] ?? "");
  }
  const outcome = isDone ? answered : "superseded";
  return {
    ...settled,
    receipts: [...settled.receipts, endedReceipt({ id: holdId, ip, outcome }, ending)],
  };
}

async function settleAction(batch: DecisionBatch, record: DecisionRecord, wish: Wish): Promise<Settled> {
  const { action } = record.decision;
  if (action === "block") {
    return settleBlock(batch, record, wish);
  }
  return action === "hold" ? settleHold(batch, record) : plain(record.decision);
}

async function settleBlock(batch: DecisionBatch, record: DecisionRecord, wish: Wish): Promise<Settled> {
  const { db } = batch;
  const { decision } = record;
  const placement = await placeBlock(batch, record, wish);
  if (placement.kind === "obstacle") {
    return toIgnore(db, decision, placement.reason);
  }
  if (placement.kind === "restraint") {
    return toHold(batch, record, placement.restraint);
  }
  const { id, ip, actor, decidedAt } = decision;
  await notify(db, record);
  // What waited for a person has been decided.
  const reason = `blocked by decision ${id}`;
  const settled = { ip, mode: blockModeOf(decision.mode) };
  const ended = await supersedeHolds(db, settled, { actor, reason, now: decidedAt, decisionId: id });
  return {
    decision,
    receipts: [decisionReceipt(decision), blockReceipt(decision, placement.block), ...ended],
    placed: placement,
  };
}

async function settleHold({ engine, db }: DecisionBatch, record: DecisionRecord): Promise<Settled> {
  const obstacle = await placeHold(engine, db, record.decision);
  if (obstacle !== null) {
    return toIgnore(db, record.decision, obstacle);
  }
  await notify(db, record);
  return plain(record.decision);
}

/** The block waits for a person. Nobody is told of each: beyond a limit the alarm tells, and who pauses knows. */
async function toHold(
  { engine, db }: DecisionBatch,
  record: DecisionRecord,
  restraint: Restraint,
): Promise<Settled> {
  const { decision, holdSeconds, notifications } = record;
  const { cause, reason } = restraint;
  const until = Math.min(decision.decidedAt.getTime() + holdSeconds * 1000, forever.getTime());
  const held: Decision = {
    ...decision,
    action: "hold",
    holdCause: cause,
    reasons: [
      `${cause === "limit" ? "limit: " : ""}${reason}; approve it, or "portcullis resume" releases all`,
      ...decision.reasons,
    ],
    expiresAt: new Date(until),
  };
  const obstacle = await placeHold(engine, db, held);
  if (cause === "limit") {
    await noteLimit(
      { engine, db },
      {
        reason,
        held: obstacle === null ? 1 : 0,
        channels: notifications.map(({ channel }) => channel),
        now: decision.decidedAt,
      },
    );
  }
  return obstacle === null ? rewrite(db, held) : toIgnore(db, held, obstacle);
}

function toIgnore(db: Queries, decision: Decision, obstacle: string): Promise<Settled> {
  const reasons = [obstacle, ...decision.reasons];
  return rewrite(db, { ...decision, action: "ignore", holdCause: null, reasons, expiresAt: null });
}

/** It turned out otherwise than was decided. */
async function rewrite(db: Queries, decision: Decision): Promise<Settled> {
  const { action, hold_cause, reasons, expires_at } = decisionValues(decision);
  await db
    .updateTable("decisions")
    .set({ action, hold_cause, reasons, expires_at })
    .where("id", "=", decision.id)
    .execute();
  return plain(decision);
}

function plain(decision: Decision): Settled {
  return { decision, receipts: [decisionReceipt(decision)], placed: null };
}

async function notify(db: Queries, { decision, notifications }: DecisionRecord): Promise<void> {
  const subject = { kind: "decision", id: decision.id } as const;
  await insertNotifications(db, subject, { createdAt: decision.decidedAt, notifications });
}

async function finishSightings(
  engine: Engine,
  db: Queries,
  records: readonly DecisionRecord[],
): Promise<void> {
  if (records.length > 0) {
    const ids = records.map(({ sightingId }) => sightingId);
    await lockSightings(engine, db, "id", ids);
    await db
      .updateTable("sightings")
      // Why it was postponed: only of one that failed the reason stays.
      .set({ ...done, error: null })
      .where(isOneOf(engine, "id", ids))
      .execute();
  }
}
