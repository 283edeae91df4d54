import type { AllowEntry } from "../domain/allow-entry.ts";
import { messageOf } from "../domain/errors.ts";
import type { Log, Store } from "../ports.ts";
import { createUnexpiredEntries } from "./unexpired-entries.ts";

export interface AllowListDeps {
  /** Those of the settings. */
  readonly fixed: readonly AllowEntry[];
  readonly store: Pick<Store, "allowEntries">;
  readonly now: () => Date;
  readonly log: Log;
}

export interface AllowList {
  /** Reads the store again. When it can't be read, what is known stays. Never rejects. */
  refresh(): Promise<void>;
  /** Those of the settings and of the store that have not expired; the same array while that is so. */
  list(): readonly AllowEntry[];
}

/** What people want never to be blocked. */
export function createAllowList({ fixed, store, now, log }: AllowListDeps): AllowList {
  let known = fixed;
  let begun = 0;
  let newest = 0;

  return {
    async refresh() {
      begun += 1;
      const turn = begun;
      try {
        const stored = await store.allowEntries(now());
        // An answer that was asked for earlier may come later, and not know what somebody has added meanwhile.
        if (turn > newest) {
          newest = turn;
          known = [...fixed, ...stored];
        }
      } catch (error) {
        log.warn(
          { error: messageOf(error) },
          "the allow-list can't be read now, keeping what is known of it",
        );
      }
    },
    list: createUnexpiredEntries(() => known, now),
  };
}
