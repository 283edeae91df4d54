import { createGroup } from "../group-commit.ts";
import type { Engine, Queries } from "./engine.ts";

/** More would hold the only writing connection of SQLite for too long: deliveries wait for it. */
const itemsPerTransaction = 16;

/**
 * Does `work` in a transaction that concurrent calls share, because a commit costs more than what is in it. When the shared
 * one fails, each item gets a transaction of its own, so that only those fail that are to blame.
 */
export function shareTransaction<Item, Result>(
  { writer }: Engine,
  work: (db: Queries, item: Item) => Promise<Result>,
): (item: Item) => Promise<Result> {
  const alone = (item: Item): Promise<Result> => writer.transaction().execute((trx) => work(trx, item));
  const together = (items: readonly Item[]): Promise<readonly PromiseSettledResult<Result>[]> =>
    writer.transaction().execute(async (trx) => {
      const outcomes: PromiseSettledResult<Result>[] = [];
      for (const item of items) {
        outcomes.push({ status: "fulfilled", value: await work(trx, item) });
      }
      return outcomes;
    });
  const oneByOne = async (items: readonly Item[]): Promise<readonly PromiseSettledResult<Result>[]> => {
    const outcomes: PromiseSettledResult<Result>[] = [];
    for (const item of items) {
      outcomes.push(...(await Promise.allSettled([alone(item)])));
    }
    return outcomes;
  };
  const share = createGroup<Item, PromiseSettledResult<Result>>(
    async (items) => {
      if (items.length === 1) {
        return oneByOne(items);
      }
      try {
        return await together(items);
      } catch {
        return oneByOne(items);
      }
    },
    { limit: itemsPerTransaction },
  );
  return async (item) => {
    const outcome = await share(item);
    if (outcome.status === "rejected") {
      throw outcome.reason;
    }
    return outcome.value;
  };
}
