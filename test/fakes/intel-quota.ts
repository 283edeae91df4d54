/** How many calls a window allows. */
export interface FakeLimits {
  /** In any 60 seconds. */
  readonly minute?: number;
  readonly day?: number;
  /** Days since 1970, by sevens. */
  readonly week?: number;
  readonly month?: number;
}

export interface FakeQuota {
  /** Pays for one call, unless a window is used up; then says when that one begins anew. */
  take(): { readonly resetsAt: Date } | null;
  used(window: "day" | "week" | "month"): number;
  dayResetsAt(): Date;
  /** Calls that were not paid because a window was used up. */
  readonly refused: () => number;
}

const dayMs = 86_400_000;

/**
 * Counts as a provider does, by its own clock.
 * @param dayStartMs how long after 00:00 UTC a day begins
 */
export function createFakeQuota(limits: FakeLimits, now: () => Date, dayStartMs = 0): FakeQuota {
  const calls: number[] = [];
  let refused = 0;
  const startOf = {
    minute: (): number => now().getTime() - 60_000 + 1,
    day: (): number => now().getTime() - ((((now().getTime() - dayStartMs) % dayMs) + dayMs) % dayMs),
    week: (): number => now().getTime() - (now().getTime() % (7 * dayMs)),
    month: (): number => Date.UTC(now().getUTCFullYear(), now().getUTCMonth(), 1),
  };
  const endOf = {
    minute: (): number => (calls.find((at) => at >= startOf.minute()) ?? now().getTime()) + 60_000,
    day: (): number => startOf.day() + dayMs,
    week: (): number => startOf.week() + 7 * dayMs,
    month: (): number => Date.UTC(now().getUTCFullYear(), now().getUTCMonth() + 1, 1),
  };
  const used = (window: keyof FakeLimits): number => {
    const start = startOf[window]();
    return calls.length - lowerBound(calls, start);
  };
  return {
    take() {
      const full = (["month", "week", "day", "minute"] as const).find(
        (window) => used(window) >= (limits[window] ?? Number.POSITIVE_INFINITY),
      );
      if (full !== undefined) {
        refused += 1;
        return { resetsAt: new Date(endOf[full]()) };
      }
      calls.push(now().getTime());
      return null;
    },
    used,
    dayResetsAt: () => new Date(endOf.day()),
    refused: () => refused,
  };
}

/** How many of the sorted numbers are below `limit`. */
function lowerBound(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? limit) < limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** What a stand-in was paid for. */
export interface Paid {
  /** How often each address was answered about. */
  readonly asked: ReadonlyMap<string, number>;
  /** Calls that it refused because a budget was used up. */
  readonly refused: () => number;
}

/** A map that counts. */
export function createTally(): { readonly asked: Map<string, number>; readonly note: (ip: string) => void } {
  const asked = new Map<string, number>();
  return { asked, note: (ip) => void asked.set(ip, (asked.get(ip) ?? 0) + 1) };
}
