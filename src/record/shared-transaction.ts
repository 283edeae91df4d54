import { createGroup } from "../group-commit.ts";
import type { Engine, Queries } from "./engine.ts";

/** More would hold the only writing connection of SQLite for too long: deliveries wait for it. */
const itemsPerTransaction = 16;

/**
 * Does `work` in a transaction that concurrent calls share, because a commit costs more than what is in it. When the shared
 * one fails, each item gets a transaction of its own, so that only those fail that are to blame.
 */
export function shareTransaction<Item, Result>(
  engine: Engine,
  work: (db: Queries, item: Item) => Promise<Result>,
): (item: Item) => Promise<Result> {
  const workAll = async (db: Queries, items: readonly Item[]): Promise<readonly Result[]> => {
    const results: Result[] = [];
    for (const item of items) {
      results.push(await work(db, item));
    }
    return results;
  };
  return shareBatches(engine, workAll, itemsPerTransaction);
}

/**
 * The same for work that is done on many items at once.
 * @param work one result for each item, in their order
 * @param limit items of one transaction at most: so many as take a few milliseconds
 */
export function shareBatches<Item, Result>(
  { writer }: Engine,
  work: (db: Queries, items: readonly Item[]) => Promise<readonly Result[]>,
  limit: number,
): (item: Item) => Promise<Result> {
  const together = async (items: readonly Item[]): Promise<readonly PromiseSettledResult<Result>[]> => {
    const results = await writer.transaction().execute((trx) => work(trx, items));
    return results.map((value) => ({ status: "fulfilled", value }));
  };
  const oneByOne = async (items: readonly Item[]): Promise<readonly PromiseSettledResult<Result>[]> => {
    const outcomes: PromiseSettledResult<Result>[] = [];
    for (const item of items) {
      outcomes.push(
        ...(await together([item]).catch((reason: unknown) => [{ status: "rejected" as const, reason }])),
      );
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
    { limit },
  );
  return async (item) => {
    const outcome = await share(item);
    if (outcome.status === "rejected") {
      throw outcome.reason;
    }
    return outcome.value;
  };
}
