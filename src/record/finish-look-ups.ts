import type { LookUpsDone } from "../ports.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import { keepFindings } from "./findings.ts";
import { lockLookUps, lockSightings } from "./lock-look-ups.ts";

interface Ended {
  readonly provider: string;
  /** Also what is no address. */
  readonly ips: readonly string[];
  readonly now: Date;
}

/** Keeps the findings, ends the look-ups, and makes what waited for them due. */
export async function finishLookUps(
  engine: Engine,
  db: Queries,
  done: readonly LookUpsDone[],
): Promise<void> {
  await lockLookUps(engine, db);
  for (const { findings, now } of done) {
    await keepFindings(db, findings, now);
  }
  await endLookUps(
    engine,
    db,
    done.map(({ provider, findings, dropped, now }) => ({
      provider,
      ips: [...findings.map(({ ip }) => ip), ...dropped],
      now,
    })),
  );
}

/** Ends look-ups, and makes what waited for them due. */
export async function endLookUps(engine: Engine, db: Queries, ended: readonly Ended[]): Promise<void> {
  await lockLookUps(engine, db);
  await lockSightings(engine, db, "ip", [...new Set(ended.flatMap(({ ips }) => ips))]);
  for (const { provider, ips, now } of ended) {
    const unique = [...new Set(ips)];
    await db
      .deleteFrom("look_ups")
      .where("provider", "=", provider)
      .where(isOneOf(engine, "ip", unique))
      .execute();
    await db
      .updateTable("sightings")
      .set({ due_at: now.getTime() })
      .where(isOneOf(engine, "ip", unique))
      .where("due_at", ">", now.getTime())
      .execute();
  }
}
