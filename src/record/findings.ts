import type { Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import type { ReadRows } from "./read-rows.ts";
import { FindingRow } from "./rows.ts";
import { shareTransaction } from "./shared-transaction.ts";

/** What providers said, until it expires. */
export function createFindingRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "findingsOf" | "saveFinding"> {
  const { reader } = engine;
  return {
    async findingsOf(ip, now) {
      const rows = await reader
        .selectFrom("findings")
        .select(["provider", "finding"])
        .where("ip", "=", ip)
        .where("expires_at", ">", now.getTime())
        .orderBy("provider")
        .execute();
      return readRows(rows, {
        table: "findings",
        schema: FindingRow,
        idOf: ({ provider }) => `${provider} ${ip}`,
      }).readable;
    },

    saveFinding: shareTransaction(engine, upsertFinding),
  };
}

async function upsertFinding(db: Queries, finding: Parameters<Store["saveFinding"]>[0]): Promise<void> {
  const said = {
    finding: JSON.stringify(finding),
    found_at: finding.foundAt.getTime(),
    expires_at: finding.expiresAt.getTime(),
  };
  await db
    .insertInto("findings")
    .values({ ip: finding.ip, provider: finding.provider, ...said })
    .onConflict((conflict) =>
      conflict
        .columns(["ip", "provider"])
        .doUpdateSet(said)
        // A slower answer of another replica must not replace a newer one.
        .where("findings.found_at", "<=", said.found_at),
    )
    .execute();
}
