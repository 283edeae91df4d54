import { sql } from "kysely";
import type { EnforcementResult } from "../ports.ts";
import { type Engine, isOneOf } from "./engine.ts";

/**
 * Makes the messages due that were waiting for these results: those about a block that no firewall still has to answer for.
 * One that was tried before waits for its channel instead.
 */
export async function hastenNotifications(
  engine: Engine,
  results: readonly EnforcementResult[],
  now: Date,
): Promise<void> {
  const blockIds = results.map(({ blockId }) => blockId);
  // Who finds it locked leaves it to the other, who makes it due too; waiting crosswise would end in a deadlock.
  const skipLocked = engine.kind === "postgres" ? sql`for update of n skip locked` : sql``;
  const waiting = sql<{ id: string }>`(
    select n.id from blocks b join notifications n on n.subject_id = b.decision_id
    where ${isOneOf(engine, "b.id", blockIds)} and n.due_at > ${now.getTime()} and n.attempts = 0
      and not exists (select 1 from enforcements e where e.block_id = b.id and e.state = 'requested')
    ${skipLocked})`;
  await engine.writer
    .with(
      (cte) => cte("picked").materialized(),
      () => waiting,
    )
    .updateTable("notifications")
    .set({ due_at: now.getTime() })
    .where("id", "in", (eb) => eb.selectFrom("picked").select("picked.id"))
    .execute();
}
