import type { Alert } from "../domain/alert.ts";
import type { AcceptAlert, Store } from "../ports.ts";

/** On a slow disk, how long to gather deliveries before the next commit, at most. */
const longestGatherMs = 4;

interface Waiting {
  readonly alert: Alert;
  readonly resolve: (outcome: "accepted" | "duplicate") => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Commits concurrent deliveries together: while one commit runs, the next ones gather.
 * The slower the disk, the longer it gathers (half of the last commit, at most 4 ms), because a commit stops the event
 * loop and each one that is saved lets other deliveries be read.
 * @param insert commits all alerts in one transaction; when it throws, every delivery in that commit fails with the error
 */
export function createGroupCommit(
  insert: Store["insertAlerts"],
  clock: () => number = performance.now.bind(performance),
): AcceptAlert {
  let gathered: Waiting[] = [];
  let running = false;
  let lastCommitMs = 0;

  const commit = async (): Promise<void> => {
    const batch = gathered;
    gathered = [];
    const startedAt = clock();
    try {
      const fresh = await insert(batch.map(({ alert }) => alert));
      batch.forEach(({ resolve }, index) => {
        resolve(fresh[index] === true ? "accepted" : "duplicate");
      });
    } catch (error) {
      for (const { reject } of batch) {
        reject(error);
      }
    }
    lastCommitMs = clock() - startedAt;
  };

  const run = async (): Promise<void> => {
    while (gathered.length > 0) {
      await gather(Math.min(longestGatherMs, lastCommitMs / 2));
      await commit();
    }
    running = false;
  };

  return (alert) =>
    new Promise((resolve, reject) => {
      gathered.push({ alert, resolve, reject });
      if (!running) {
        running = true;
        void run(); // never rejects: commit() hands every error to the deliveries it concerns
      }
    });
}

/** Lets the deliveries that have already arrived be read. Below a millisecond a timer would cost more than it gathers. */
function gather(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms < 1) {
      setImmediate(resolve);
    } else {
      setTimeout(resolve, ms);
    }
  });
}
