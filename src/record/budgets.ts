import { sql } from "kysely";
import type { Budget, Store } from "../ports.ts";
import type { Engine, Queries } from "./engine.ts";
import { BudgetRow, budgetText } from "./look-up-rows.ts";
import type { ReadRows } from "./read-rows.ts";
import { shareTransaction } from "./shared-transaction.ts";

/** The text of a row that was made only to be locked. */
const noBudget = "";

interface BudgetChange {
  readonly key: string;
  readonly change: (budget: Budget | null) => Budget;
}

/** What asking providers may cost, and has cost. */
export function createBudgetRecords(
  engine: Engine,
  readRows: ReadRows,
): Pick<Store, "updateBudget" | "budgets"> {
  const readBudgets = (rows: readonly { readonly key: string; readonly budget: string }[]) =>
    new Map(
      rows.flatMap((row) => {
        const [budget] = readRows([row], {
          table: "budgets",
          schema: BudgetRow,
          idOf: ({ key }) => key,
        }).readable;
        return budget === undefined ? [] : [[row.key, budget] as const];
      }),
    );

  const applyChange = async (db: Queries, { key, change }: BudgetChange): Promise<void> => {
    const { budget } = await lockBudget(db, key);
    const before = budget === noBudget ? null : (readBudgets([{ key, budget }]).get(key) ?? null);
    await db
      .updateTable("budgets")
      .set({ budget: budgetText(change(before)) })
      .where("key", "=", key)
      .execute();
  };
  const shares = new Map<string, (item: BudgetChange) => Promise<void>>();
  /** One transaction is for one key: two replicas that change two of them crosswise would wait for each other. */
  const shareOf = (key: string) => {
    const share = shares.get(key) ?? shareTransaction(engine, applyChange);
    shares.set(key, share);
    return share;
  };

  return {
    async updateBudget(key, change) {
      // Of several calls the last one counts: those before were rolled back.
      let made: { readonly result: ReturnType<typeof change>["result"] } | undefined;
      await shareOf(key)({
        key,
        change: (before) => {
          const changed = change(before);
          made = changed;
          return changed.budget;
        },
      });
      if (made === undefined) {
        throw new Error(`the budget ${key} was not changed`);
      }
      return made.result;
    },

    async budgets() {
      return readBudgets(await engine.reader.selectFrom("budgets").selectAll().orderBy("key").execute());
    },
  };
}

/** The row, made where there is none: nobody else changes it until the transaction ends. */
function lockBudget(db: Queries, key: string) {
  return db
    .insertInto("budgets")
    .values({ key, budget: noBudget })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ key }))
    .returning("budget")
    .executeTakeFirstOrThrow();
}

/** Who asked has died, and its answers with it: they need not be waited for. On SQLite alone, where nobody else asks. */
export async function forgetCallsUnderWay(db: Queries): Promise<void> {
  await db
    .updateTable("budgets")
    .set({ budget: sql`json_remove(budget, '$.underWay')` })
    .where(sql<boolean>`json_valid(budget)`)
    .execute();
}
