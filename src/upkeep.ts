import type { BackgroundDeps } from "./background.ts";
import { type Loop, startLoop } from "./loop.ts";
import { forgetProviders } from "./pipeline/forget-providers.ts";
import { startTelling } from "./telling.ts";

type UpkeepDeps = Pick<BackgroundDeps, "config" | "edges" | "identity" | "intelligence" | "refusals" | "log">;

const refreshMs = 300_000;
/** While a host that must be protected could not be resolved. */
const refreshSoonMs = 15_000;
/** What firewalls tell of themselves comes from the store: it costs nobody a question. */
const refreshFirewallsMs = 5000;

/** What is kept up to date beside the work. */
export function startUpkeep(deps: UpkeepDeps, isComplete: boolean): readonly Loop[] {
  return [
    startRefreshing(deps, isComplete),
    startLoop("lists", deps.intelligence.refreshLists, deps.log),
    startForgetting(deps),
    startMendingClock(deps),
    startLoop("refusals", () => settleRefusals(deps), deps.log),
    ...startTelling(deps),
  ];
}

const mendClockMs = 60_000;

/** What was written down while the clock was wrong must not wait for that time. */
function startMendingClock({ edges: { store, now }, log }: UpkeepDeps): Loop {
  const mend = async (): Promise<number> => {
    await store.mendClock(now());
    return mendClockMs;
  };
  return startLoop("clock", mend, log, mendClockMs);
}

const settleMs = 60_000;

async function settleRefusals({ refusals }: UpkeepDeps): Promise<number> {
  await refusals.settle();
  return settleMs;
}

const forgetMs = 3_600_000;

function startForgetting({ edges: { store, providers, now }, identity: { holder }, log }: UpkeepDeps): Loop {
  const names = providers.map(({ name }) => name);
  const forget = async (): Promise<number> => {
    await forgetProviders({ store, providers: names, holder, now });
    return forgetMs;
  };
  return startLoop("forget providers", forget, log, forgetMs);
}

/** Goes on from the first refresh, which has just been done. */
function startRefreshing({ edges: { guard }, log }: UpkeepDeps, isComplete: boolean): Loop {
  const dueAfter = (isAllKnown: boolean): number =>
    performance.now() + (isAllKnown ? refreshMs : refreshSoonMs);
  let dueMs = dueAfter(isComplete);
  const refresh = async (): Promise<number> => {
    if (performance.now() < dueMs) {
      await guard.refreshFromStore();
    } else {
      dueMs = dueAfter(await guard.refresh());
    }
    return refreshFirewallsMs;
  };
  return startLoop("own addresses", refresh, log);
}
