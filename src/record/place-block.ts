import { randomUUID } from "node:crypto";
import { type Block, coversGroups, forever } from "../domain/block.ts";
import { blockModeOf } from "../domain/decision.ts";
import { graceReason } from "../domain/grace.ts";
import { rangeOf } from "../domain/network-index.ts";
import type { DecisionRecord } from "../ports.ts";
import { GroupsText } from "./columns.ts";
import type { DecisionBatch } from "./decision-batch.ts";
import { queueRequests, supersedeRemovals, takeOverRequests } from "./enforcement-requests.ts";
import type { Queries } from "./engine.ts";
import { graceOf } from "./lifts.ts";
import { networkColumnOf } from "./related-networks.ts";
import { noteNewBlock, type Restraint, restraintOn } from "./restraint.ts";

/** Another one may place or end a block on the network between two statements. */
const attempts = 10;

/** Who wants a block: only a person may block whom a person has let out. */
export type Wish = "policy" | "person";

export interface Placed {
  readonly kind: "placed";
  readonly block: Block;
  /** The block whose place it takes; null: none. */
  readonly replaces: string | null;
}

/** What became of a decision to block. Reasons are sentences. */
export type Placement =
  | Placed
  /** It must not, or need not be done. */
  | { readonly kind: "obstacle"; readonly reason: string }
  /** A person has to say so first. */
  | { readonly kind: "restraint"; readonly restraint: Restraint };

/**
 * Places the block of a decision, and with mode `enforce` asks each firewall for it. A block that stands there already gives way to
 * one for all groups of both and the longer time, when it is for other groups, or when a person wants it for longer.
 */
export async function placeBlock(
  batch: DecisionBatch,
  record: DecisionRecord,
  wish: Wish,
): Promise<Placement> {
  const forbidden = await forbiddenReason(batch, record, wish);
  if (forbidden !== null) {
    return { kind: "obstacle", reason: forbidden };
  }
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const old = await standingOn(batch, record);
    if (old !== undefined && isEnough(old, record)) {
      const until = new Date(old.expires_at).toISOString();
      return {
        kind: "obstacle",
        reason: `already blocked until ${until} by decision ${old.decision_id}`,
      };
    }
    const restraint = await restraintOn(batch, record, old !== undefined);
    if (restraint !== null) {
      return { kind: "restraint", restraint };
    }
    const block = await replaceBlock(batch, record, old);
    if (block !== undefined) {
      await noteNewBlock(batch, record, old !== undefined);
      return { kind: "placed", block, replaces: old?.id ?? null };
    }
  }
  return { kind: "obstacle", reason: "already blocked at the same moment" };
}

/** Nobody may block what is on the allow-list; alerts may not block whom a person let out. */
async function forbiddenReason(
  { engine, db, allowed, hasGraces }: DecisionBatch,
  { decision, prefix }: DecisionRecord,
  wish: Wish,
): Promise<string | null> {
  const entry = allowed(rangeOf(prefix));
  if (entry !== undefined) {
    return `${entry.prefix} is on the allow-list: ${entry.why}`;
  }
  const grace = hasGraces && wish === "policy" ? await graceOf(engine, db, prefix, decision.decidedAt) : null;
  return grace === null ? null : graceReason(prefix, grace);
}

/** A block that was placed on the same network in the same mode and has neither ended nor been lifted. */
interface StandingBlock {
  readonly id: string;
  readonly decision_id: string;
  readonly expires_at: number;
  readonly groups: Block["groups"];
  /** Somebody has written over the row: no firewall is asked for it, so that another block must take its place. */
  readonly isDamaged: boolean;
}

function isEnough(standing: StandingBlock, { decision, groups }: DecisionRecord): boolean {
  const isLongEnough =
    decision.actor === "policy" || standing.expires_at >= (decision.expiresAt?.getTime() ?? 0);
  return !standing.isDamaged && isLongEnough && coversGroups(standing.groups, groups);
}

async function standingOn(
  { db, known }: DecisionBatch,
  record: DecisionRecord,
): Promise<StandingBlock | undefined> {
  const { prefix, decision } = record;
  if (!known.has(prefix)) {
    return undefined;
  }
  await endExpired(db, record);
  const row = await db
    .selectFrom("blocks")
    .select(["id", "decision_id", "expires_at", "groups"])
    .where("prefix", "=", prefix)
    .where("mode", "=", blockModeOf(decision.mode))
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : readStanding(row);
}

/** Its groups are all when nobody knows which. */
function readStanding(
  row: Omit<StandingBlock, "groups" | "isDamaged"> & { readonly groups: string | null },
): StandingBlock {
  const groups = row.groups === null ? null : GroupsText.safeParse(row.groups).data;
  const expiresAt = Math.min(row.expires_at, forever.getTime());
  const isDamaged = groups === undefined || expiresAt < row.expires_at;
  return { ...row, groups: groups ?? null, expires_at: expiresAt, isDamaged };
}

/** Marks one that has run out: there can be only one that is not marked as ended. */
async function endExpired(db: Queries, { prefix, decision }: DecisionRecord): Promise<void> {
  await db
    .updateTable("blocks")
    .set((eb) => ({ ended_at: eb.ref("expires_at") }))
    .where("prefix", "=", prefix)
    .where("mode", "=", blockModeOf(decision.mode))
    .where("ended_at", "is", null)
    .where("expires_at", "<=", decision.decidedAt.getTime())
    .execute();
}

/** @returns undefined when another one was faster */
async function replaceBlock(
  batch: DecisionBatch,
  record: DecisionRecord,
  old: StandingBlock | undefined,
): Promise<Block | undefined> {
  const { db, known } = batch;
  const { prefix } = record;
  const now = record.decision.decidedAt;
  if (old !== undefined && !(await endBlock(db, old.id, now))) {
    return undefined;
  }
  const wasKnown = known.has(prefix);
  known.add(prefix);
  const block = blockOf(record, old);
  if (!(await insertBlock(db, block))) {
    return undefined;
  }
  if (block.mode === "enforce") {
    if (old !== undefined) {
      await takeOverRequests(db, { from: old.id, to: block.id }, now);
    }
    await queueRequests(db, block.id, record.firewalls, now);
    if (wasKnown) {
      await supersedeRemovals(db, prefix, block.id, now);
    }
  }
  return block;
}

function blockOf({ decision, prefix, groups }: DecisionRecord, old: StandingBlock | undefined): Block {
  if (decision.expiresAt === null) {
    throw new Error(`${decision.id} is a block without an end`);
  }
  return {
    id: `bl_${randomUUID().replaceAll("-", "")}`,
    prefix,
    mode: blockModeOf(decision.mode),
    groups: old === undefined ? groups : joinGroups(old.groups, groups),
    decisionId: decision.id,
    createdAt: decision.decidedAt,
    expiresAt: new Date(Math.max(decision.expiresAt.getTime(), old?.expires_at ?? 0)),
  };
}

/** @returns false when one stands there */
async function insertBlock(db: Queries, block: Block): Promise<boolean> {
  const { prefix, groups } = block;
  const placed = await db
    .insertInto("blocks")
    .values({
      id: block.id,
      prefix,
      network: networkColumnOf(prefix),
      mode: block.mode,
      groups: groups === null ? null : JSON.stringify(groups),
      decision_id: block.decisionId,
      created_at: block.createdAt.getTime(),
      expires_at: block.expiresAt.getTime(),
    })
    .onConflict((conflict) => conflict.columns(["prefix", "mode"]).where("ended_at", "is", null).doNothing())
    .returning("id")
    .executeTakeFirst();
  return placed !== undefined;
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

function joinGroups(a: Block["groups"], b: Block["groups"]): Block["groups"] {
  return a === null || b === null ? null : [...new Set([...a, ...b])].toSorted();
}
