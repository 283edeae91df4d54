import { randomUUID } from "node:crypto";
import type { Block } from "../domain/block.ts";
import { graceReason } from "../domain/grace.ts";
import type { DecisionRecord } from "../ports.ts";
import { queueRequests, supersedeRemovals, takeOverRequests } from "./enforcement-requests.ts";
import type { Engine, Queries } from "./engine.ts";
import { graceOf } from "./lifts.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { networkColumnOf } from "./related-networks.ts";
import { GroupsText } from "./rows.ts";

/** Another one may place or end a block on the network between two statements. */
const attempts = 10;

/**
 * Places the block of a decision, and with mode `enforce` asks each firewall for it. A block that stands there already for
 * other groups gives way to one for all of these groups.
 * @returns the sentence that says which block stands already or that a person lifted one, or null when this one was placed
 */
export async function placeBlock(
  engine: Engine,
  db: Queries,
  record: DecisionRecord,
): Promise<string | null> {
  const { decision, prefix } = record;
  await lockBlocks(engine, db, "place");
  const grace = decision.actor === "policy" ? await graceOf(engine, db, prefix, decision.decidedAt) : null;
  if (grace !== null) {
    return graceReason(prefix, grace);
  }
  await endExpired(db, record);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const standing = await standingOn(db, record);
    if (standing !== undefined && isForAll(standing.groups, record.groups)) {
      return `already blocked until ${new Date(standing.expires_at).toISOString()} by decision ${standing.decision_id}`;
    }
    if (await replaceBlock(db, record, standing)) {
      return null;
    }
  }
  return "already blocked at the same moment";
}

/** A block that was placed on the same network in the same mode and has neither ended nor been lifted. */
interface StandingBlock {
  readonly id: string;
  readonly decision_id: string;
  readonly expires_at: number;
  readonly groups: Block["groups"];
}

/** Marks one that has run out: there can be only one that is not marked as ended. */
async function endExpired(db: Queries, { prefix, decision }: DecisionRecord): Promise<void> {
  await db
    .updateTable("blocks")
    .set((eb) => ({ ended_at: eb.ref("expires_at") }))
    .where("prefix", "=", prefix)
    .where("mode", "=", decision.mode)
    .where("ended_at", "is", null)
    .where("expires_at", "<=", decision.decidedAt.getTime())
    .execute();
}

async function standingOn(
  db: Queries,
  { prefix, decision }: DecisionRecord,
): Promise<StandingBlock | undefined> {
  const row = await db
    .selectFrom("blocks")
    .select(["id", "decision_id", "expires_at", "groups"])
    .where("prefix", "=", prefix)
    .where("mode", "=", decision.mode)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { ...row, groups: row.groups === null ? null : GroupsText.parse(row.groups) };
}

/** @returns false when another one was faster */
async function replaceBlock(
  db: Queries,
  record: DecisionRecord,
  old: StandingBlock | undefined,
): Promise<boolean> {
  const now = record.decision.decidedAt;
  if (old !== undefined && !(await endBlock(db, old.id, now))) {
    return false;
  }
  const id = await insertBlock(db, record, old);
  if (id === undefined) {
    return false;
  }
  if (record.decision.mode === "enforce") {
    if (old !== undefined) {
      await takeOverRequests(db, { from: old.id, to: id }, now);
    }
    await queueRequests(db, id, record.firewalls, now);
    await supersedeRemovals(db, record.prefix, id, now);
  }
  return true;
}

/** @returns its id, or undefined when one stands there */
async function insertBlock(
  db: Queries,
  { decision, prefix, groups }: DecisionRecord,
  old: StandingBlock | undefined,
): Promise<string | undefined> {
  if (decision.expiresAt === null) {
    throw new Error(`${decision.id} is a block without an end`);
  }
  const joined = old === undefined ? groups : joinGroups(old.groups, groups);
  const placed = await db
    .insertInto("blocks")
    .values({
      id: `bl_${randomUUID().replaceAll("-", "")}`,
      prefix,
      network: networkColumnOf(prefix),
      mode: decision.mode,
      groups: joined === null ? null : JSON.stringify(joined),
      decision_id: decision.id,
      created_at: decision.decidedAt.getTime(),
      expires_at: Math.max(decision.expiresAt.getTime(), old?.expires_at ?? 0),
    })
    .onConflict((conflict) => conflict.columns(["prefix", "mode"]).where("ended_at", "is", null).doNothing())
    .returning("id")
    .executeTakeFirst();
  return placed?.id;
}

/** @returns false when it has ended already */
async function endBlock(db: Queries, id: string, now: Date): Promise<boolean> {
  const ended = await db
    .updateTable("blocks")
    .set({ ended_at: now.getTime() })
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return ended !== undefined;
}

function isForAll(standing: Block["groups"], wanted: Block["groups"]): boolean {
  return standing === null || (wanted !== null && wanted.every((group) => standing.includes(group)));
}

function joinGroups(a: Block["groups"], b: Block["groups"]): Block["groups"] {
  return a === null || b === null ? null : [...new Set([...a, ...b])].toSorted();
}
