import type { Severity } from "../../domain/severity.ts";
import type { Budget, BudgetWindow } from "../../ports.ts";
import { endOf, leftOf, lengthMsOf } from "./window.ts";

/**
 * How freely a budget is spent. `free`: who asks is answered at once. `ordered`: only from the queue, the most urgent first, after 10 s in
 * which a more urgent one may come. `saving`: also with so much time between two calls that they last until the budget comes back.
 * Addresses of high or critical severity need keep neither.
 *
 * Why: 500 calls a day are gone in two hours of a storm, and the attacker of the third hour would be decided blindly. As long as more is left
 * of the budget than of its time, or half of it, nothing is gained by waiting; then order is worth ten seconds; at the end order alone
 * does not help, because the last calls would go to whoever comes first, however harmless.
 */
export type Gear = "free" | "ordered" | "saving";

/** Who wants to be asked about: somebody who waits for the answer (null), or a look-up that waits in the queue. */
export type Wish = { readonly severity: Severity; readonly since: Date } | null;

const plentyShare = 0.5;
const scarceShare = 0.2;

/** How long an address waits for more urgent ones. */
const gatherMs = 10_000;

/** Used calls of a window that has just begun do not tell how fast it goes. */
const shortestMeasureMs = 10 * 60_000;

/** @param budget as it is at `now` */
export function gearOf({ windows }: Budget, now: Date): Gear {
  const gears = windows.filter(isLong).map((window) => gearOfWindow(window, now));
  return gears.includes("saving") ? "saving" : gears.includes("ordered") ? "ordered" : "free";
}

/** A day or more. */
export function isLong({ name }: Pick<BudgetWindow, "name">): boolean {
  return name === "day" || name === "week" || name === "month";
}

function gearOfWindow(window: BudgetWindow, now: Date): Gear {
  const left = leftOf(window);
  if (left === 0) {
    return "saving";
  }
  const share = left / window.limit;
  if (share >= plentyShare || share >= restMs(window, now) / lengthMsOf(window)) {
    return "free";
  }
  return share >= scarceShare ? "ordered" : "saving";
}

function restMs(window: BudgetWindow, now: Date): number {
  return Math.max(0, endOf(window).getTime() - now.getTime());
}

interface HeldBack {
  readonly reason: string;
  readonly kind: "busy" | "quota";
  /** Null: from the queue. */
  readonly notBefore: Date | null;
}

/** Why the gear does not let this one be asked now, and when it will; null: it does. */
export function heldBackBy(budget: Budget, wish: Wish, now: Date): HeldBack | null {
  const gear = gearOf(budget, now);
  if (gear === "free") {
    return null;
  }
  if (wish === null) {
    const reason = "the budget is short, so the most urgent addresses go first";
    return { reason, kind: "busy", notBefore: null };
  }
  if (isUrgent(wish)) {
    return null;
  }
  const waitedMs = now.getTime() - wish.since.getTime();
  if (waitedMs >= 0 && waitedMs < gatherMs) {
    const notBefore = new Date(wish.since.getTime() + gatherMs);
    return { reason: "the budget is short, more urgent addresses may come", kind: "busy", notBefore };
  }
  return gear === "ordered" ? null : pacedBy(budget, now);
}

function isUrgent({ severity }: NonNullable<Wish>): boolean {
  return severity === "high" || severity === "critical";
}

function pacedBy({ windows }: Budget, now: Date): HeldBack | null {
  const next = windows
    .filter((window) => isLong(window) && gearOfWindow(window, now) === "saving")
    .map((window) => {
      const last = window.recent.at(-1);
      const left = leftOf(window);
      // One that is spent and may be tried has no pace: how often it is tried is counted elsewhere.
      return last === undefined || left === 0 ? 0 : last.getTime() + restMs(window, last) / left;
    });
  const latest = Math.max(0, ...next);
  return latest > now.getTime()
    ? {
        reason: "the last of the budget is spread over the time that is left",
        kind: "quota",
        notBefore: new Date(latest),
      }
    : null;
}

/** When the first window of an hour or more will be spent, if it goes on like this; null: it will last. */
export function runsOutAt({ windows }: Budget, now: Date): Date | null {
  const moments = windows.filter(({ name }) => name !== "minute").flatMap((window) => outOf(window, now));
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}

function outOf(window: BudgetWindow, now: Date): readonly number[] {
  const left = leftOf(window);
  if (left === 0) {
    return [now.getTime()];
  }
  const measuredMs = Math.max(shortestMeasureMs, now.getTime() - window.startedAt.getTime());
  const outAt = now.getTime() + (left * measuredMs) / window.used;
  return window.used > 0 && outAt < endOf(window).getTime() ? [outAt] : [];
}
