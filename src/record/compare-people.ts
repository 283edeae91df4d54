import { readControls } from "./controls-rows.ts";
import { canonical } from "./canonical-json.ts";
import { type Engine, isOneOf } from "./engine.ts";

interface Compared {
  readonly rows: number;
  readonly disagreements: readonly string[];
}

/** The allow-list, tokens and the pause. What changes while it is read agrees the second time. */
export async function compareSmallTables(engine: Engine): Promise<Compared> {
  const first = await compareOnce(engine);
  if (first.disagreements.length === 0) {
    return first;
  }
  const second = await compareOnce(engine);
  return {
    rows: first.rows,
    disagreements: first.disagreements.filter((one) => second.disagreements.includes(one)),
  };
}

async function compareOnce(engine: Engine): Promise<Compared> {
  const parts = [await compareAllowlist(engine), await compareTokens(engine), await comparePause(engine)];
  return {
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    disagreements: parts.flatMap(({ disagreements }) => disagreements),
  };
}

async function compareAllowlist(engine: Engine): Promise<Compared> {
  const rows = await engine.reader.selectFrom("allow_entries").selectAll().execute();
  const receipts = await engine.reader
    .selectFrom("receipts")
    .select(["kind", "subject", "actor", "body"])
    .where(
      isOneOf(
        engine,
        "subject",
        rows.map(({ prefix }) => prefix),
      ),
    )
    .where("kind", "in", ["allow", "disallow"])
    .execute();
  const added = new Map<string, string>();
  const removed = new Set<string>();
  for (const { kind, subject, actor, body } of receipts) {
    const { id, entry, ...rest } = fieldsOf(body);
    if (kind === "allow") {
      added.set(String(id), canonical([subject, actor, rest]));
    } else {
      removed.add(String(fieldsOf(entry)["id"]));
    }
  }
  const disagreements = rows.flatMap(({ id, prefix, actor, reason, owner, expires_at, removed_at }) => {
    const expiresAt = expires_at === null ? null : new Date(expires_at);
    const is = canonical([prefix, actor, { reason, owner, expiresAt }]);
    const wrong = entryFault({
      is,
      said: added.get(id),
      isRemoved: removed_at !== null,
      isSaidRemoved: removed.has(id),
    });
    return wrong === null ? [] : [`the allow-list's entry ${id} on ${prefix} ${wrong}`];
  });
  return { rows: rows.length, disagreements };
}

function entryFault({
  is,
  said,
  isRemoved,
  isSaidRemoved,
}: {
  readonly is: string;
  readonly said: string | undefined;
  readonly isRemoved: boolean;
  readonly isSaidRemoved: boolean;
}): string | null {
  if (said !== is) {
    return said === undefined ? "has no receipt" : notAsSaid;
  }
  if (isRemoved === isSaidRemoved) {
    return null;
  }
  return isRemoved ? "was removed without a receipt" : "was removed by its receipt, and stands";
}

const notAsSaid = "is not what its receipt says of it";

async function compareTokens(engine: Engine): Promise<Compared> {
  const rows = await engine.reader
    .selectFrom("tokens")
    .select(["id", "name", "role", "created_by", "expires_at", "revoked_at"])
    .execute();
  const receipts = await engine.reader
    .selectFrom("receipts")
    .select(["subject", "actor", "body"])
    .where(
      isOneOf(
        engine,
        "subject",
        rows.map(({ id }) => id),
      ),
    )
    .where("kind", "=", "token")
    .execute();
  const about = Map.groupBy(receipts, ({ subject }) => subject);
  const disagreements = rows.flatMap(({ id, name, role, created_by, expires_at, revoked_at }) => {
    const said = (about.get(id) ?? []).map(({ actor, body }) => ({ actor, ...fieldsOf(body) }));
    const expiresAt = expires_at === null ? null : new Date(expires_at);
    const created = canonical({ actor: created_by, done: "created", name, role, expiresAt });
    if (!said.some((one) => canonical(one) === created)) {
      return [`the token ${id} ${said.length === 0 ? "has no receipt" : notAsSaid}`];
    }
    const isRevoked = said.some((one) => Reflect.get(one, "done") === "revoked");
    return isRevoked && revoked_at === null
      ? [`the token ${id} was revoked by its receipt, and is valid`]
      : [];
  });
  return { rows: rows.length, disagreements };
}

async function comparePause(engine: Engine): Promise<Compared> {
  const { paused } = await readControls(engine.reader);
  const last = await engine.reader
    .selectFrom("receipts")
    .select(["kind", "actor", "body", "at"])
    .where("subject", "=", "blocks")
    .where("kind", "in", ["pause", "resume"])
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const said =
    last?.kind === "pause"
      ? canonical([new Date(last.at), last.actor, fieldsOf(last.body)["reason"]])
      : undefined;
  const is = paused === null ? undefined : canonical([paused.since, paused.actor, paused.reason]);
  if (said === is) {
    return { rows: 1, disagreements: [] };
  }
  const what =
    is === undefined
      ? "are not paused, though the last receipt says so"
      : "are paused otherwise than the last receipt says";
  return { rows: 1, disagreements: [`new blocks ${what}`] };
}

/** Of a receipt's body, or of what it holds; none when it is no object. */
function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = typeof body === "string" ? JSON.parse(body) : body;
    return typeof read === "object" && read !== null ? Object.fromEntries(Object.entries(read)) : {};
  } catch {
    return {};
  }
}
