import type { LookUpsDone } from "../ports.ts";
import { type Engine, isOneOf, type Queries } from "./engine.ts";
import { keepFindings } from "./findings.ts";

/** Keeps the findings, ends the look-ups, and makes what waited for them due. In this order, so that who parks a sighting meanwhile sees one or the other. */
export async function finishLookUps(
  engine: Engine,
  db: Queries,
  { provider, findings, dropped, now }: LookUpsDone,
): Promise<void> {
  await keepFindings(db, findings);
  await endLookUps(engine, db, { provider, ips: [...findings.map(({ ip }) => ip), ...dropped], now });
}

/** Also of what is no address. */
export async function endLookUps(
  engine: Engine,
  db: Queries,
  { provider, ips, now }: { readonly provider: string; readonly ips: readonly string[]; readonly now: Date },
): Promise<void> {
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
