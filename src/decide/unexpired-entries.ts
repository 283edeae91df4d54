import type { AllowEntry } from "../domain/allow-entry.ts";
import { keepUnchanged } from "./keep-unchanged.ts";

/** Those of the listed entries that have not expired. The same array as before while they are the same. */
export function createUnexpiredEntries(
  list: () => readonly AllowEntry[],
  now: () => Date,
): () => readonly AllowEntry[] {
  let source: readonly AllowEntry[] = [];
  let current: readonly AllowEntry[] = [];
  let fromMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.POSITIVE_INFINITY;
  return () => {
    const entries = list();
    const nowMs = now().getTime();
    if (entries !== source || nowMs < fromMs || nowMs >= untilMs) {
      source = entries;
      ({ fromMs, untilMs } = spanOf(entries, nowMs));
      const unexpired = entries.filter((entry) => endOf(entry) > nowMs);
      current = keepUnchanged(current, unexpired, isSameEntry);
    }
    return current;
  };
}

/** From the last end before now to the next one: meanwhile nothing changes. The clock may also go back. */
function spanOf(
  entries: readonly AllowEntry[],
  nowMs: number,
): { readonly fromMs: number; readonly untilMs: number } {
  let fromMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const endMs = endOf(entry);
    fromMs = endMs <= nowMs ? Math.max(fromMs, endMs) : fromMs;
    untilMs = endMs > nowMs ? Math.min(untilMs, endMs) : untilMs;
  }
  return { fromMs, untilMs };
}

/** True when nobody could tell one from the other. */
function isSameEntry(a: AllowEntry, b: AllowEntry): boolean {
  return a.id === b.id && a.prefix === b.prefix && endOf(a) === endOf(b) && wordsOf(a) === wordsOf(b);
}

function endOf({ expiresAt }: AllowEntry): number {
  return expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
}

function wordsOf({ reason, owner, actor }: AllowEntry): string {
  return JSON.stringify([reason, owner, actor]);
}
