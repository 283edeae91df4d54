import { sql } from "kysely";
import type { Claim, WaitingLookUp } from "../ports.ts";
import { leaseOf } from "./claim.ts";
import type { Engine } from "./engine.ts";
import { endLookUps } from "./finish-look-ups.ts";
import { LookUpRow } from "./look-up-rows.ts";
import type { ReadRows } from "./read-rows.ts";

/** What is due for this provider and nobody's, most urgent first. */
export async function claimLookUps(
  engine: Engine,
  readRows: ReadRows,
  provider: string,
  claim: Claim,
): Promise<readonly WaitingLookUp[]> {
  const rows = await claimRows(engine, provider, claim);
  const { readable, unreadable } = readRows(rows, {
    table: "look_ups",
    schema: LookUpRow,
    idOf: ({ ip }) => ip,
  });
  if (unreadable.length > 0) {
    // The sightings make a new row, if they still need one.
    const ips = unreadable.map(({ id }) => id);
    await engine.writer
      .transaction()
      .execute((trx) => endLookUps(engine, trx, [{ provider, ips, now: claim.now }]));
  }
  return readable.toSorted(byUrgency);
}

function claimRows(engine: Engine, provider: string, claim: Claim) {
  const now = claim.now.getTime();
  const skipLocked = engine.kind === "postgres" ? sql`for update skip locked` : sql``;
  return engine.writer
    .with(
      (cte) => cte("picked").materialized(),
      () => sql<{ ip: string }>`(
        select ip from look_ups
        where provider = ${provider} and due_at <= ${now} and (lease_until is null or lease_until <= ${now})
        order by priority desc, since limit ${claim.limit} ${skipLocked})`,
    )
    .updateTable("look_ups")
    .set(leaseOf(claim))
    .where("provider", "=", provider)
    .where("ip", "in", (eb) => eb.selectFrom("picked").select("picked.ip"))
    .returning(["ip", "candidate", "priority", "since"])
    .execute();
}

/** For what a claim brings: an engine may return it in any order. */
function byUrgency(a: WaitingLookUp, b: WaitingLookUp): number {
  return b.priority - a.priority || a.since.getTime() - b.since.getTime();
}
