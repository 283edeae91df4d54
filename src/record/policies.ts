import { z } from "zod";
import type { PolicyRecord, Store } from "../ports.ts";
import { Time } from "./columns.ts";
import { type Engine, storable } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { appendReceipts } from "./receipts.ts";

const PolicyRow = z
  .object({ version: z.string(), role: z.string(), policy: z.string(), first_used_at: Time })
  .transform(
    ({ version, role, policy, first_used_at }): PolicyRecord => ({
      version,
      role,
      policy,
      firstUsedAt: first_used_at,
    }),
  );

/** Which policies have decided, so that an old decision can be understood. */
export function createPolicyRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "notePolicy" | "policies"> {
  const { reader, writer } = engine;
  return {
    async notePolicy({ version, role, policy, firstUsedAt }) {
      await writer.transaction().execute(async (trx) => {
        const noted = await trx
          .insertInto("policies")
          .values({
            version,
            role: storable(role),
            policy: storable(policy),
            first_used_at: firstUsedAt.getTime(),
          })
          .onConflict((conflict) => conflict.columns(["version", "role"]).doNothing())
          .returning("version")
          .executeTakeFirst();
        if (noted !== undefined) {
          await appendReceipts(engine, trx, [
            { at: firstUsedAt, kind: "policy", subject: version, actor: "settings", body: { role, policy } },
          ]);
        }
      });
    },

    async policies() {
      const rows = await reader
        .selectFrom("policies")
        .selectAll()
        .orderBy("first_used_at", "desc")
        .orderBy("version")
        .orderBy("role")
        .execute();
      return readRows(rows, {
        table: "policies",
        schema: PolicyRow,
        idOf: ({ version, role }) => `${version} ${role}`,
      }).readable;
    },
  };
}
