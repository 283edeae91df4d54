import type { RecordComparison, Store } from "../ports.ts";
import { BlockRow } from "./rows.ts";
import { canonical } from "./canonical-json.ts";
import { compareSmallTables } from "./compare-people.ts";
import { DecisionRow, decisionColumns } from "./decision-rows.ts";
import { type Engine, isOneOf, nextTurn } from "./engine.ts";
import { blockReceipt, decisionReceipt } from "./receipt-bodies.ts";

/** So many rows are in memory at a time, and so long nobody else is served. */
const perPage = 500;
/** The rest is counted. */
const mostTold = 20;

/** Collects what does not agree. */
interface Telling {
  readonly add: (disagreement: string) => void;
  readonly seen: (rows: number) => void;
  readonly signal: AbortSignal;
}

/** Compares what the tables say with what the receipts say of it. */
export function createReceiptComparison(engine: Engine): Pick<Store, "compareReceipts"> {
  return {
    async compareReceipts(now, signal): Promise<RecordComparison> {
      const told: string[] = [];
      let count = 0;
      let rows = 0;
      const telling: Telling = {
        add(disagreement) {
          count += 1;
          if (told.length < mostTold) {
            told.push(disagreement);
          }
        },
        seen(more) {
          rows += more;
        },
        signal,
      };
      await compareDecisions(engine, telling);
      await compareBlocks(engine, now, telling);
      await findLostRows(engine, telling);
      const small = await compareSmallTables(engine);
      telling.seen(small.rows);
      small.disagreements.forEach(telling.add);
      return { rows, disagreements: told, count };
    },
  };
}

async function compareDecisions(engine: Engine, { add, seen, signal }: Telling): Promise<void> {
  let last = "";
  while (!signal.aborted) {
    const rows = await engine.reader
      .selectFrom("decisions")
      .select(decisionColumns)
      .where("id", ">", last)
      .orderBy("id")
      .limit(perPage)
      .execute();
    const ids = rows.map(({ id }) => id);
    const receipts = await receiptsAbout(engine, "decision", ids);
    for (const row of rows) {
      const read = DecisionRow.safeParse(row);
      const wanted = read.success ? decisionReceipt(read.data) : undefined;
      const about = receipts.get(row.id) ?? [];
      const isSame = about.some(
        ({ body, actor }) => wanted?.actor === actor && canonical(wanted.body) === canonicalText(body),
      );
      if (!isSame) {
        add(`the decision ${row.id} ${misfit(about)}`);
      }
    }
    seen(rows.length);
    const end = ids.at(-1);
    if (end === undefined) {
      return;
    }
    last = end;
    await nextTurn();
  }
}

async function compareBlocks(engine: Engine, now: Date, { add, seen, signal }: Telling): Promise<void> {
  let last = "";
  while (!signal.aborted) {
    const rows = await engine.reader
      .selectFrom("blocks")
      .select(["id", "prefix", "mode", "groups", "decision_id", "created_at", "expires_at"])
      .where("ended_at", "is", null)
      .where("expires_at", ">", now.getTime())
      .where("id", ">", last)
      .orderBy("id")
      .limit(perPage)
      .execute();
    const receipts = await receiptsAbout(
      engine,
      "block",
      rows.map(({ prefix }) => prefix),
    );
    for (const row of rows) {
      const read = BlockRow.safeParse(row);
      const wanted = read.success ? blockReceipt({ actor: "" }, read.data) : undefined;
      const about = (receipts.get(row.prefix) ?? []).filter(({ body }) => idIn(body) === row.id);
      if (!about.some(({ body }) => canonical(wanted?.body) === canonicalText(body))) {
        add(`the block ${row.id} on ${row.prefix} ${misfit(about)}`);
      }
    }
    seen(rows.length);
    const end = rows.at(-1)?.id;
    if (end === undefined) {
      return;
    }
    last = end;
    await nextTurn();
  }
}

/** What each kind of receipt is about, and whether its subject is the row's id: else its body tells it. */
const rowsBehind = [
  { kind: "decision", table: "decisions", what: "the decision", isSubject: true },
  { kind: "token", table: "tokens", what: "the token", isSubject: true },
  { kind: "block", table: "blocks", what: "the block", isSubject: false },
  { kind: "allow", table: "allow_entries", what: "the allow-list's entry", isSubject: false },
] as const;

/** What has a receipt and is no more. */
async function findLostRows(engine: Engine, { add, signal }: Telling): Promise<void> {
  let last = 0;
  while (!signal.aborted) {
    const links = await engine.reader
      .selectFrom("receipts")
      .select(["seq", "kind", "subject"])
      .where("seq", ">", last)
      .orderBy("seq")
      .limit(perPage)
      .execute();
    const end = links.at(-1)?.seq;
    if (end === undefined) {
      return;
    }
    const bodies = await engine.reader
      .selectFrom("receipts")
      .select(["kind", "body"])
      .where("kind", "in", ["block", "allow"])
      .where("seq", ">", last)
      .where("seq", "<=", end)
      .execute();
    for (const { kind, table, what, isSubject } of rowsBehind) {
      const ids = isSubject
        ? links.flatMap((link) => (link.kind === kind ? [link.subject] : []))
        : bodies.flatMap((one) => (one.kind === kind ? [idIn(one.body)] : []));
      for (const id of await lost(engine, table, ids)) {
        add(`${what} ${id} is gone, but its receipt is there`);
      }
    }
    last = end;
    await nextTurn();
  }
}

/** Those of the ids that have no row. */
async function lost(
  engine: Engine,
  table: (typeof rowsBehind)[number]["table"],
  ids: readonly string[],
): Promise<readonly string[]> {
  if (ids.length === 0) {
    return [];
  }
  const rows = await engine.reader
    .selectFrom(table)
    .select("id")
    .where(isOneOf(engine, "id", ids))
    .execute();
  const found = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !found.has(id));
}

interface Told {
  readonly seq: number;
  readonly actor: string;
  readonly body: string;
}

async function receiptsAbout(
  engine: Engine,
  kind: "decision" | "block",
  subjects: readonly string[],
): Promise<ReadonlyMap<string, readonly Told[]>> {
  const rows = await engine.reader
    .selectFrom("receipts")
    .select(["seq", "subject", "actor", "body"])
    .where(isOneOf(engine, "subject", [...new Set(subjects)]))
    .where("kind", "=", kind)
    .execute();
  return Map.groupBy(rows, ({ subject }) => subject);
}

function misfit(about: readonly Told[]): string {
  const seqs = about.map(({ seq }) => seq);
  return seqs.length === 0 ? "has no receipt" : `is not what receipt ${seqs.join(" or ")} says of it`;
}

function canonicalText(body: string): string | undefined {
  try {
    return canonical(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** Empty where there is none. */
function idIn(body: string): string {
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === "object" && read !== null && "id" in read ? String(read.id) : "";
  } catch {
    return "";
  }
}
