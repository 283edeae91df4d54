import { blockModeOf } from "../domain/decision.ts";
import type { DecisionRecord } from "../ports.ts";
import { limitOn } from "./blast-limit.ts";
import { addRate, forgetRates } from "./block-rates.ts";
import { readControls } from "./controls-rows.ts";
import type { DecisionBatch } from "./decision-batch.ts";
import { endQuietLimit } from "./limited.ts";

/** Why a person has to be asked before a block is placed. */
export interface Restraint {
  readonly cause: "limit" | "paused";
  /** A sentence. */
  readonly reason: string;
}

/** @param isReplacement true when it takes the place of one that stands */
export async function restraintOn(
  { db, standing }: DecisionBatch,
  { decision, limits }: DecisionRecord,
  isReplacement: boolean,
): Promise<Restraint | null> {
  if (decision.actor === "policy") {
    const { paused } = await readControls(db);
    if (paused !== null) {
      const { actor, since, reason } = paused;
      return {
        cause: "paused",
        reason: `new blocks are paused since ${since.toISOString()} by ${actor} (${reason})`,
      };
    }
  }
  if (limits === null) {
    return null;
  }
  const limit = await limitOn(db, standing, { decision, limits, isReplacement });
  return limit === null ? null : { cause: "limit", reason: limit };
}

/** A block was placed: it counts against the limits from now on. */
export async function noteNewBlock(
  { engine, db, standing }: DecisionBatch,
  { decision, limits }: DecisionRecord,
  isReplacement: boolean,
): Promise<void> {
  if (!isReplacement) {
    standing.added(blockModeOf(decision.mode));
  }
  if (limits === null) {
    return;
  }
  await addRate(db, decision);
  await endQuietLimit({ engine, db }, decision.decidedAt);
  await forgetRates(db, decision.decidedAt);
}
