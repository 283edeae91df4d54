import { type IpPrefix, networkOf, parseIpAddress, prefixContains, prefixOf } from "../domain/ip-address.ts";
import { type Engine, inChunks, isOneOf, nextTurn, type Queries } from "./engine.ts";
import { endedBy, endedReceipt, type Ending } from "./holds.ts";
import type { ReceiptDraft } from "./receipts.ts";

/** Rows per statement; about 2 ms of a processor. */
const pageRows = 1000;

interface Waiting {
  readonly decision_id: string;
  readonly ip: string;
}

/** Nobody need answer any more about an address in this network, whatever the mode. @returns a receipt for each hold that waited */
export async function supersedeHoldsIn(
  engine: Engine,
  db: Queries,
  prefix: IpPrefix,
  ending: Ending,
): Promise<readonly ReceiptDraft[]> {
  const waiting = await holdsIn(db, prefix, ending.now.getTime());
  await inChunks(waiting, pageRows, (chunk) =>
    db
      .updateTable("holds")
      .set(endedBy("superseded", ending))
      .where(
        isOneOf(
          engine,
          "decision_id",
          chunk.map(({ decision_id }) => decision_id),
        ),
      )
      .where("ended_at", "is", null)
      .execute(),
  );
  return waiting.map(({ decision_id: id, ip }) => endedReceipt({ id, ip, outcome: "superseded" }, ending));
}

function holdsIn(db: Queries, prefix: IpPrefix, nowMs: number): Promise<readonly Waiting[]> {
  const ip = networkOf(prefix);
  return prefix === prefixOf(ip)
    ? db
        .selectFrom("holds")
        .select(["decision_id", "ip"])
        .where("ip", "=", ip)
        .where("ended_at", "is", null)
        .where("expires_at", ">", nowMs)
        .execute()
    : holdsInWide(db, prefix, nowMs);
}

/** Goes through all that wait, which after a storm may be very many. */
async function holdsInWide(db: Queries, prefix: IpPrefix, nowMs: number): Promise<readonly Waiting[]> {
  const found: Waiting[] = [];
  let last = { created_at: Number.MIN_SAFE_INTEGER, decision_id: "" };
  for (;;) {
    const page = await db
      .selectFrom("holds")
      .select(["decision_id", "ip", "created_at", "expires_at"])
      .where("ended_at", "is", null)
      .where((eb) =>
        eb(eb.refTuple("created_at", "decision_id"), ">", eb.tuple(last.created_at, last.decision_id)),
      )
      .orderBy("created_at")
      .orderBy("decision_id")
      .limit(pageRows)
      .execute();
    found.push(...page.filter(({ ip, expires_at }) => expires_at > nowMs && liesIn(prefix, ip)));
    const end = page.at(-1);
    if (end === undefined || page.length < pageRows) {
      return found;
    }
    last = end;
    await nextTurn();
  }
}

function liesIn(prefix: IpPrefix, text: string): boolean {
  const ip = parseIpAddress(text);
  return ip !== undefined && prefixContains(prefix, ip);
}
