import { createGroup } from "../group-commit.ts";
import type { Engine, Queries } from "./engine.ts";

/** SQLite answers synchronously: deliveries wait for the whole transaction. */
const itemsPerTransaction = 64;

/**
 * As `shareTransaction`, for `work` that does all items by the same few statements. When it fails, each item gets a transaction of its own.
 */
export function shareBatch<Item>(
  { writer }: Engine,
  work: (db: Queries, items: readonly Item[]) => Promise<void>,
  limit = itemsPerTransaction,
): (item: Item) => Promise<void> {
  const together = (items: readonly Item[]): Promise<void> =>
    writer.transaction().execute((trx) => work(trx, items));
  const settle = async (items: readonly Item[]): Promise<readonly PromiseSettledResult<void>[]> => {
    if (items.length > 1) {
      const [outcome] = await Promise.allSettled([together(items)]);
      if (outcome.status === "fulfilled") {
        return items.map(() => outcome);
      }
    }
    const outcomes: PromiseSettledResult<void>[] = [];
    for (const item of items) {
      outcomes.push(...(await Promise.allSettled([together([item])])));
    }
    return outcomes;
  };
  const share = createGroup<Item, PromiseSettledResult<void>>(settle, { limit });
  return async (item) => {
    const outcome = await share(item);
    if (outcome.status === "rejected") {
      throw outcome.reason;
    }
  };
}
