import { sql } from "kysely";
import { beingTried, type Block } from "../../domain/block.ts";
import type { EnforcementResult, Lift } from "../../ports.ts";
import { GroupsText } from "../columns.ts";
import { type Engine, isOneOf, type Queries } from "../engine.ts";
import { type BlockChange, blockEvent } from "./block-event.ts";
import { insertEvents, tellsEvents } from "./insert-events.ts";

/** Tells that somebody wants these blocks off every firewall. */
export async function tellLifts(
  engine: Engine,
  db: Queries,
  blocks: readonly Block[],
  { actor, reason, now }: Lift,
): Promise<void> {
  if (!tellsEvents(engine)) {
    return;
  }
  const searchNameOf = await searchNames(
    engine,
    db,
    blocks.map(({ decisionId }) => decisionId),
  );
  const change = { ...nothingSpecial, change: "lift_requested", actor, reason, at: now } as const;
  const events = blocks.map((block) =>
    blockEvent({ block, searchName: searchNameOf.get(block.decisionId) ?? null }, change),
  );
  await insertEvents(engine, db, events);
}

const nothingSpecial = { firewall: null, secondsToVerified: null, replaces: null } as const;

async function searchNames(
  engine: Engine,
  db: Queries,
  decisionIds: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const rows = await db
    .selectFrom("decisions as d")
    .innerJoin("alerts as a", "a.id", "d.alert_id")
    .select(["d.id", "a.search_name"])
    .where(isOneOf(engine, "d.id", decisionIds))
    .execute();
  return new Map(rows.map(({ id, search_name }) => [id, search_name]));
}

export interface OnFirewall {
  readonly firewall: string;
  readonly now: Date;
}

/**
 * Tells what these results change. To be called before they are recorded, in the same transaction: what only confirms is told by
 * comparison with what is on record.
 */
export async function tellResults(
  engine: Engine,
  db: Queries,
  results: readonly EnforcementResult[],
  on: OnFirewall,
): Promise<void> {
  if (!tellsEvents(engine)) {
    return;
  }
  const resultOf = new Map(results.map((result) => [result.blockId, result]));
  const rows = await readEnforced(engine, db, [...resultOf.keys()], on);
  const events = rows.flatMap((row) => {
    const result = resultOf.get(row.id);
    return result === undefined || !isChange(row, result)
      ? []
      : [blockEvent(toldBlock(row), changeOf(row, result, on))];
  });
  await insertEvents(engine, db, events);
}

/** Tells that the time of these blocks is over on one firewall. As `tellResults`, before it is recorded. */
export async function tellExpired(
  engine: Engine,
  db: Queries,
  blockIds: readonly string[],
  on: OnFirewall,
): Promise<void> {
  if (!tellsEvents(engine) || blockIds.length === 0) {
    return;
  }
  const rows = await readEnforced(engine, db, blockIds, on);
  const over = rows.filter(({ state }) => state !== "lifting");
  const { firewall, now: at } = on;
  const events = over.map((row) =>
    blockEvent(toldBlock(row), {
      ...nothingSpecial,
      change: "expired",
      firewall,
      actor: row.actor ?? "",
      reason: null,
      at,
    }),
  );
  await insertEvents(engine, db, events);
}

type EnforcedRow = Awaited<ReturnType<typeof readEnforced>>[number];

/** What has not ended of these blocks on this firewall. */
function readEnforced(engine: Engine, db: Queries, blockIds: readonly string[], { firewall }: OnFirewall) {
  return (
    db
      .selectFrom("enforcements as e")
      .innerJoin("blocks as b", "b.id", "e.block_id")
      .leftJoin("decisions as d", "d.id", "b.decision_id")
      .leftJoin("alerts as a", "a.id", "d.alert_id")
      .select(["e.state", "e.error", "e.verified_at"])
      .select(["b.id", "b.prefix", "b.mode", "b.groups", "b.decision_id", "b.expires_at"])
      .select(["b.lifted_by", "b.lift_reason", "d.actor", "a.search_name", "a.received_at"])
      .where(isOneOf(engine, "b.id", blockIds))
      .where("e.firewall", "=", firewall)
      .where("e.state", "not in", ["lifted", "expired"])
      // Nobody may change what the comparison is with.
      .$if(engine.kind === "postgres", (query) => query.modifyEnd(sql`for update of e`))
      .execute()
  );
}

/** As `recordResults` understands them. */
function isChange(row: EnforcedRow, { state, error }: EnforcementResult): boolean {
  if (row.state === "lifting" || state === "lifted") {
    return row.state === "lifting" && state === "lifted";
  }
  const isTried = row.state === "withdrawn" && row.error === beingTried;
  // Asked again, and it says the same again.
  const isSaidAgain = row.state === "requested" && error !== null && row.error === error;
  return (row.state !== state || isTried) && !isSaidAgain;
}

function changeOf(
  row: EnforcedRow,
  { state, error }: EnforcementResult,
  { firewall, now }: OnFirewall,
): BlockChange {
  const isFirstProof = state === "verified" && row.verified_at === null && row.received_at !== null;
  const isLifted = state === "lifted";
  return {
    change: state,
    firewall,
    actor: (isLifted ? row.lifted_by : row.actor) ?? "",
    reason: error ?? (isLifted ? row.lift_reason : null),
    at: now,
    secondsToVerified: isFirstProof ? (now.getTime() - (row.received_at ?? 0)) / 1000 : null,
    replaces: null,
  };
}

function toldBlock(row: EnforcedRow) {
  const { id, prefix, mode, decision_id: decisionId } = row;
  const groups = row.groups === null ? null : (GroupsText.safeParse(row.groups).data ?? null);
  const block = { id, prefix, mode, groups, decisionId, expiresAt: new Date(row.expires_at) };
  return { block, searchName: row.search_name };
}
