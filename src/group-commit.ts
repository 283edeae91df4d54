interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupOptions {
  /** Items of one commit at most. Default is all that have gathered. */
  readonly limit?: number;
  /** Milliseconds to gather before the next commit, from how long the last one took. Default is not to wait. */
  readonly gatherMs?: (lastCommitMs: number) => number;
  readonly clock?: () => number;
}

/**
 * Commits concurrent items together: while one commit runs, the next ones gather.
 * @param commit commits all items at once and tells one result per item, in their order; when it throws, every item of that
 * commit fails with the error
 * @returns takes one item, and resolves after the commit that holds it
 */
export function createGroup<Item, Result>(
  commit: (items: readonly Item[]) => Promise<readonly Result[]>,
  {
    limit = Number.POSITIVE_INFINITY,
    gatherMs = () => 0,
    clock = () => performance.now(),
  }: GroupOptions = {},
): (item: Item) => Promise<Result> {
  let gathered: Waiting<Item, Result>[] = [];
  let running = false;
  let lastCommitMs = 0;

  const commitGathered = async (): Promise<void> => {
    const batch = gathered.slice(0, limit);
    gathered = gathered.slice(limit);
    const startedAt = clock();
    try {
      const results = await commit(batch.map(({ item }) => item));
      for (const [index, result] of results.entries()) {
        batch[index]?.resolve(result);
      }
    } catch (error) {
      for (const { reject } of batch) {
        reject(error);
      }
    }
    lastCommitMs = clock() - startedAt;
  };

  const run = async (): Promise<void> => {
    while (gathered.length > 0) {
      await pause(gatherMs(lastCommitMs));
      await commitGathered();
    }
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      gathered.push({ item, resolve, reject });
      if (!running) {
        running = true;
        void run(); // never rejects: every error is handed to the items it concerns
      }
    });
}

/** Lets what has already arrived be read. Below a millisecond a timer would cost more than it gathers. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms < 1) {
      setImmediate(resolve);
    } else {
      setTimeout(resolve, ms);
    }
  });
}
