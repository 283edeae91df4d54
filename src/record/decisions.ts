import type { DecisionRecord, Store } from "../ports.ts";
import { type CommitDeps, commitDecisions, hasConsequences } from "./commit-decisions.ts";
import type { Engine } from "./engine.ts";
import { recordByHand } from "./record-by-hand.ts";
import { shareBatches } from "./shared-transaction.ts";
import { createStandingCount } from "./standing-count.ts";

/** Decisions of one transaction at most, so that it takes a few milliseconds: deliveries wait for it. */
const mostWithConsequences = 16;
const mostPlain = 64;

/** What was decided, committed together with all that follows from it. */
export function createDecisionRecords(engine: Engine): Pick<Store, "recordDecision" | "recordByHand"> {
  const deps: CommitDeps = { engine, standing: createStandingCount(engine) };
  const commit = (limit: number) =>
    shareBatches(
      engine,
      (db, records: readonly DecisionRecord[]) => commitDecisions(deps, db, records),
      limit,
    );
  const recordPlain = commit(mostPlain);
  const recordWithConsequences = commit(mostWithConsequences);
  return {
    recordDecision: (record) => (hasConsequences(record) ? recordWithConsequences : recordPlain)(record),
    recordByHand: (alert, entries) => recordByHand(deps, alert, entries),
  };
}
