import { noLease } from "./claim.ts";
import type { Engine } from "./engine.ts";
import { forgetCallsUnderWay } from "./budgets.ts";

/** What these hold is free for anybody. @param holder null: of everybody, for a database that only this process can have open */
export async function releaseLeases({ writer }: Engine, holder: string | null): Promise<void> {
  await writer.transaction().execute(async (trx) => {
    for (const table of ["alerts", "sightings", "notifications", "look_ups", "recoveries"] as const) {
      await trx
        .updateTable(table)
        .set(noLease)
        .where("due_at", "is not", null)
        .where("lease_holder", holder === null ? "is not" : "=", holder)
        .execute();
    }
    await trx
      .updateTable("watermarks")
      .set(noLease)
      .where("lease_holder", holder === null ? "is not" : "=", holder)
      .execute();
    await trx
      .deleteFrom("firewall_leases")
      .where("lease_holder", holder === null ? "is not" : "=", holder)
      .execute();
    if (holder === null) {
      await forgetCallsUnderWay(trx);
    }
  });
}
