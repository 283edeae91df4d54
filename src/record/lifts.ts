import { randomUUID } from "node:crypto";
import { type IpPrefix, parseIpPrefix, prefixesOverlap } from "../domain/ip-address.ts";
import type { Lift } from "../ports.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { mayOverlap, networkColumnOf } from "./related-networks.ts";

/** Keeps that a person let this network out. */
export async function insertLift(db: Queries, prefix: IpPrefix, lift: Lift): Promise<void> {
  await db
    .insertInto("lifts")
    .values({
      id: `li_${randomUUID().replaceAll("-", "")}`,
      prefix,
      network: networkColumnOf(prefix),
      actor: storable(lift.actor),
      reason: storable(lift.reason),
      lifted_at: lift.now.getTime(),
      grace_until: lift.graceUntil.getTime(),
    })
    .execute();
}

/** Until when alerts may not block this network, because a person let out a network around it or in it; null: they may. */
export async function graceOf(
  engine: Engine,
  db: Queries,
  prefix: IpPrefix,
  now: Date,
): Promise<Date | null> {
  const rows = await db
    .selectFrom("lifts")
    .select(["prefix", "grace_until"])
    .where(mayOverlap(engine, prefix))
    .where("grace_until", ">", now.getTime())
    .execute();
  const until = rows
    .filter((row) => overlaps(row.prefix, prefix))
    .reduce((latest, row) => Math.max(latest, row.grace_until), 0);
  return until === 0 ? null : new Date(until);
}

function overlaps(text: string, prefix: IpPrefix): boolean {
  const lifted = parseIpPrefix(text);
  return lifted !== undefined && prefixesOverlap(lifted, prefix);
}
