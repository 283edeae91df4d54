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
      const small = await compareSmallTables(engine, now);
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

/** Decisions and blocks that have a receipt and are no more. */
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
    const decided = links.flatMap(({ kind, subject }) => (kind === "decision" ? [subject] : []));
    for (const id of await lost(engine, "decisions", decided)) {
      add(`the decision ${id} is gone, but its receipt is there`);
    }
    const blocks = await engine.reader
      .selectFrom("receipts")
      .select("body")
      .where("kind", "=", "block")
      .where("seq", ">", last)
      .where("seq", "<=", end)
      .execute();
    const placed = blocks.map(({ body }) => idIn(body));
    for (const id of await lost(engine, "blocks", placed)) {
      add(`the block ${id} is gone, but its receipt is there`);
    }
    last = end;
    await nextTurn();
  }
}

/** Those of the ids that have no row. */
async function lost(
  { reader, ...engine }: Engine,
  table: "decisions" | "blocks",
  ids: readonly string[],
): Promise<readonly string[]> {
  const rows = await reader
    .selectFrom(table)
    .select("id")
    .where(isOneOf({ reader, ...engine }, "id", ids))
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
