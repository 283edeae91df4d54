import { AppError, messageOf } from "../domain/errors.ts";
import type { Applied, Firewall, FirewallAddition, FirewallChange } from "../ports.ts";

/** What became of a batch on a canary. */
export interface CautiousOutcome extends Applied {
  /** Why the new blocks were taken off again, in words; null when they stay. */
  readonly withdrawn: string | null;
}

/** After so long the kernel ends a new block by itself, should the canary have cut itself off. */
const trialSeconds = 60;

/** A check-up that found nothing wrong is good for so long. */
const wellMs = 60_000;

/** Makes changes on a canary: new blocks are tried for a minute first, and stay only when the host still answers. */
export interface CautiousApply {
  /** @throws {AppError} what `Firewall.apply` throws, when the canary was not well before either */
  (changes: readonly FirewallChange[], signal: AbortSignal): Promise<CautiousOutcome>;
}

/** For one canary. */
export function createCautiousApply(firewall: Firewall, elapsedMs: () => number): CautiousApply {
  let wellAtMs = Number.NEGATIVE_INFINITY;
  const checkUp = async (signal: AbortSignal): Promise<string | null> => {
    const trouble = await firewall.checkUp(signal);
    wellAtMs = trouble === null ? elapsedMs() : Number.NEGATIVE_INFINITY;
    return trouble;
  };
  const isWell = async (signal: AbortSignal): Promise<boolean> =>
    elapsedMs() - wellAtMs < wellMs || (await checkUp(signal)) === null;

  return async (changes, signal) => {
    const additions = changes.filter((change) => change.kind === "add");
    // One that did not answer before can't show that these blocks are the reason.
    if (additions.length === 0 || !(await isWell(signal))) {
      return { ...(await firewall.apply(changes, signal)), withdrawn: null };
    }
    const trouble = await tryFor(firewall, { changes, checkUp }, signal);
    if (trouble !== null) {
      wellAtMs = Number.NEGATIVE_INFINITY;
      return { results: [], repaired: [], withdrawn: `${firewall.name} as canary: ${trouble}` };
    }
    return { ...(await firewall.apply(changes, signal)), withdrawn: null };
  };
}

interface Trial {
  readonly changes: readonly FirewallChange[];
  readonly checkUp: (signal: AbortSignal) => Promise<string | null>;
}

/** @returns what is wrong with the host now, or null */
async function tryFor(
  firewall: Firewall,
  { changes, checkUp }: Trial,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    await firewall.apply(changes.map(shortened), signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) {
      throw error;
    }
    return `did not answer any more while these blocks were tried (${messageOf(error)})`;
  }
  const trouble = await checkUp(signal);
  if (trouble !== null) {
    await takeOff(firewall, changes, signal);
  }
  return trouble;
}

function shortened(change: FirewallChange): FirewallChange {
  return change.kind === "add" ? { ...change, seconds: Math.min(change.seconds, trialSeconds) } : change;
}

async function takeOff(
  firewall: Firewall,
  changes: readonly FirewallChange[],
  signal: AbortSignal,
): Promise<void> {
  const isAddition = (change: FirewallChange): change is FirewallAddition => change.kind === "add";
  try {
    await firewall.apply(
      changes.filter(isAddition).map(({ prefix }) => ({ kind: "remove", prefix })),
      signal,
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) {
      throw error;
    }
    // The kernel ends them within a minute.
  }
}
