import type { Act, Store, TokenRecord } from "../ports.ts";
import { type Engine, type Queries, storable } from "./engine.ts";
import { TokenRow } from "./people-rows.ts";
import type { ReadRows } from "./read-rows.ts";
import { appendReceipts } from "./receipts.ts";

const minuteMs = 60_000;

/** Who may use the API. Of a secret only its hash is kept, and no receipt holds even that. */
export function createTokenRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "createToken" | "revokeToken" | "tokens" | "tokenById" | "noteTokenUse"> {
  const { reader, writer } = engine;
  const read = (rows: readonly { readonly id: string }[]) =>
    readRows(rows, { table: "tokens", schema: TokenRow, idOf: ({ id }) => id }).readable;
  return {
    createToken: (token) => writer.transaction().execute((trx) => create(engine, trx, token)),

    revokeToken: (id, act) => writer.transaction().execute((trx) => revoke(engine, trx, id, act)),

    async tokens() {
      return read(
        await reader.selectFrom("tokens").selectAll().orderBy("created_at").orderBy("id").execute(),
      );
    },

    async tokenById(id) {
      return read(await reader.selectFrom("tokens").selectAll().where("id", "=", id).execute())[0];
    },

    async noteTokenUse(id, now) {
      const minute = Math.floor(now.getTime() / minuteMs) * minuteMs;
      await writer
        .updateTable("tokens")
        .set({ last_used_at: minute })
        .where("id", "=", id)
        // Asked with every call: what is kept already is not written again, and never turned back.
        .where((eb) => eb.or([eb("last_used_at", "is", null), eb("last_used_at", "<", minute)]))
        .execute();
    },
  };
}

async function create(engine: Engine, db: Queries, token: TokenRecord): Promise<void> {
  const { id, name, role, createdAt, createdBy, expiresAt } = token;
  await db
    .insertInto("tokens")
    .values({
      id,
      name: storable(name),
      role,
      hash: token.hash,
      created_at: createdAt.getTime(),
      created_by: storable(createdBy),
      expires_at: expiresAt?.getTime() ?? null,
      revoked_at: token.revokedAt?.getTime() ?? null,
      last_used_at: token.lastUsedAt?.getTime() ?? null,
    })
    .execute();
  const body = { done: "created", name, role, expiresAt };
  await appendReceipts(engine, db, [{ at: createdAt, kind: "token", subject: id, actor: createdBy, body }]);
}

async function revoke(
  engine: Engine,
  db: Queries,
  id: string,
  { actor, reason, now }: Act,
): Promise<boolean> {
  const revoked = await db
    .updateTable("tokens")
    .set({ revoked_at: now.getTime() })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .returning(["name", "role"])
    .executeTakeFirst();
  if (revoked === undefined) {
    return false;
  }
  const body = { done: "revoked", ...revoked, reason };
  await appendReceipts(engine, db, [{ at: now, kind: "token", subject: id, actor, body }]);
  return true;
}
