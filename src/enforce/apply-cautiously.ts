import { AppError, messageOf } from "../domain/errors.ts";
import type { Applied, Firewall, FirewallAddition, FirewallChange } from "../ports.ts";

/** What became of a batch on a canary. */
export interface CautiousOutcome extends Applied {
  /** Why the new blocks were taken off again, in words; null when they stay. */
  readonly withdrawn: string | null;
}

/** Nothing was to be done. */
export const nothingDone: CautiousOutcome = { results: [], repaired: [], withdrawn: null };

export interface Batch {
  readonly changes: readonly FirewallChange[];
  /** Runs when the canary has been found well and just before the first of the changes is made there. */
  readonly beforeTrial: () => Promise<void>;
  /** What to do when the canary was not well before: it could not show that these blocks are the reason. */
  readonly whenUnwell: "apply" | "leave";
}

/** @returns undefined when the batch was left alone. @throws {AppError} what `Firewall.apply` throws, when nothing was tried */
export type CautiousApply = (batch: Batch, signal: AbortSignal) => Promise<CautiousOutcome | undefined>;

/** After so long the kernel ends a new block by itself, should the canary have cut itself off. */
const trialSeconds = 60;

/** Makes changes on a canary: new blocks are tried for a minute first, and stay only when the host still answers. */
export function createCautiousApply(firewall: Firewall): CautiousApply {
  return async (batch, signal) => {
    const { changes, beforeTrial, whenUnwell } = batch;
    const additions = changes.filter((change) => change.kind === "add");
    if (additions.length > 0) {
      const isWell = (await firewall.checkUp(signal)) === null;
      if (!isWell && whenUnwell === "leave") {
        return undefined;
      }
      const trouble = isWell ? await tryFor(firewall, { changes, beforeTrial }, signal) : null;
      if (trouble !== null) {
        return { results: [], repaired: [], withdrawn: `${firewall.name} as canary: ${trouble}` };
      }
    }
    return { ...(await firewall.apply(changes, signal)), withdrawn: null };
  };
}

/** @returns what is wrong with the host now, or null */
async function tryFor(
  firewall: Firewall,
  { changes, beforeTrial }: Pick<Batch, "changes" | "beforeTrial">,
  signal: AbortSignal,
): Promise<string | null> {
  await beforeTrial();
  try {
    await firewall.apply(changes.map(shortened), signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) {
      throw error;
    }
    return `did not answer any more while these blocks were tried (${messageOf(error)})`;
  }
  const trouble = await firewall.checkUp(signal);
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
