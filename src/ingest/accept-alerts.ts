import { createGroup } from "../group-commit.ts";
import type { AcceptAlert, Store } from "../ports.ts";

/** On a slow disk, how long to gather deliveries before the next commit, at most. */
const longestGatherMs = 4;

/**
 * Takes alerts for good: resolves after the commit. Concurrent deliveries share commits. The slower the disk, the longer it
 * gathers (half of the last commit, at most 4 ms): a commit stops the event loop, and each one that is saved lets other
 * deliveries be read.
 */
export function createAcceptAlert(store: Pick<Store, "insertAlerts">): AcceptAlert {
  const insert = createGroup(store.insertAlerts.bind(store), {
    gatherMs: (lastCommitMs) => Math.min(longestGatherMs, lastCommitMs / 2),
  });
  return async (alert) => ((await insert(alert)) ? "accepted" : "duplicate");
}
