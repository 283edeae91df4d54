import { randomUUID } from "node:crypto";
import type { Selectable } from "kysely";
import type { Grace } from "../domain/grace.ts";
import { type IpAddress, type IpPrefix, parseIpPrefix, prefixesOverlap } from "../domain/ip-address.ts";
import type { Lift, Store } from "../ports.ts";
import { type Engine, isOneOf, type Queries, storable } from "./engine.ts";
import { lengthsIn, networksAround } from "./networks-around.ts";
import { mayOverlap, networkColumnOf } from "./related-networks.ts";
import type { Schema } from "./schema.ts";

/** A network may hold very many that were let out. */
const mostTold = 100;

/** Whom people have let out. */
export function createLiftReads(engine: Engine): Pick<Store, "gracesOn"> {
  return {
    async gracesOn(prefix, now) {
      const running = await runningOn(engine, engine.reader, prefix, now);
      return running
        .toSorted((a, b) => b.until.getTime() - a.until.getTime())
        .slice(0, mostTold)
        .map(({ id: _id, ...grace }) => grace);
    },
  };
}

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

/** From now on alerts may block this network again, whoever let out it, a network around it or one in it. */
export async function endGraces(engine: Engine, db: Queries, prefix: IpPrefix, now: Date): Promise<void> {
  const running = await runningOn(engine, db, prefix, now);
  if (running.length > 0) {
    await db
      .updateTable("lifts")
      .set({ grace_until: now.getTime() })
      .where(
        isOneOf(
          engine,
          "id",
          running.map(({ id }) => id),
        ),
      )
      .execute();
  }
}

/** The longest grace of a network around this one or in it; null: alerts may block it. */
export async function graceOf(
  engine: Engine,
  db: Queries,
  prefix: IpPrefix,
  now: Date,
): Promise<Grace | null> {
  const running = await runningOn(engine, db, prefix, now);
  return running.reduce<Grace | null>(
    (longest, grace) => (longest !== null && longest.until >= grace.until ? longest : grace),
    null,
  );
}

/** The longest grace of a network that holds the address, for each that alerts can't block. */
export async function gracesOver(
  engine: Engine,
  ips: readonly IpAddress[],
  now: Date,
): Promise<ReadonlyMap<IpAddress, Grace>> {
  const around = networksAround(ips, await lengthsIn(engine.reader, "lifts"));
  if (around.size === 0) {
    return new Map();
  }
  const rows = await engine.reader
    .selectFrom("lifts")
    .selectAll()
    .where(isOneOf(engine, "prefix", [...around.keys()]))
    .where("grace_until", ">", now.getTime())
    .execute();
  const shortestFirst = rows
    .toSorted((a, b) => a.grace_until - b.grace_until)
    .flatMap((row) => readLift(row) ?? []);
  return new Map(
    shortestFirst.flatMap((grace) =>
      (around.get(grace.prefix) ?? []).map((ip): [IpAddress, Grace] => [ip, grace]),
    ),
  );
}

async function runningOn(
  engine: Engine,
  db: Queries,
  prefix: IpPrefix,
  now: Date,
): Promise<readonly (Grace & { readonly id: string })[]> {
  const rows = await db
    .selectFrom("lifts")
    .selectAll()
    .where(mayOverlap(engine, prefix))
    .where("grace_until", ">", now.getTime())
    .execute();
  return rows.flatMap((row) => {
    const lift = readLift(row);
    return lift !== undefined && prefixesOverlap(lift.prefix, prefix) ? [lift] : [];
  });
}

/** Undefined when its network can't be read. */
function readLift(row: Selectable<Schema["lifts"]>) {
  const prefix = parseIpPrefix(row.prefix);
  return prefix === undefined
    ? undefined
    : {
        id: row.id,
        prefix,
        until: new Date(row.grace_until),
        actor: row.actor,
        reason: row.reason,
        liftedAt: new Date(row.lifted_at),
      };
}
