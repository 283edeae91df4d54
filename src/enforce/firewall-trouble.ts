import type { AppError } from "../domain/errors.ts";
import type { Log, Store } from "../ports.ts";
import type { FirewallStatus } from "./firewall-status.ts";

export interface FirewallTroubleOptions {
  readonly firewall: string;
  readonly store: Pick<Store, "noteEnforcementFault">;
  readonly status: FirewallStatus;
  readonly log: Log;
  readonly now: () => Date;
  readonly elapsedMs: () => number;
}

/** Failures one after the other, and the pause after each: 1 s, 2 s, 4 s … 30 s. */
export interface FirewallTrouble {
  /** Milliseconds for which the firewall is left alone; 0 when it may be tried. */
  readonly pauseMs: () => number;
  /** Records the failure on the firewall and on every block that waits for it. @returns the pause in milliseconds */
  fail(error: AppError): Promise<number>;
  /** Records the last failure on blocks that were requested meanwhile: they must not wait without a word. */
  noteAgain(): Promise<void>;
  /** After a round that succeeded: ends the trouble, also on record. */
  recover(): Promise<void>;
}

const longestPauseMs = 30_000;

/** A refused login, tried too often, is taken for an attack by the firewall's own defences. */
const hopelessPauseMs = 300_000;

/** Under a stream of new blocks the failure is noted on them not more often than this. */
const noteEveryMs = 1000;

/** No trouble so far. */
export function createFirewallTrouble(options: FirewallTroubleOptions): FirewallTrouble {
  const { firewall, store, status, log, now, elapsedMs } = options;
  let failures = 0;
  let retryAtMs = Number.NEGATIVE_INFINITY;
  let notedAtMs = Number.NEGATIVE_INFINITY;
  const note = async (message: string): Promise<void> => {
    notedAtMs = elapsedMs();
    await store.noteEnforcementFault(firewall, message);
  };
  return {
    pauseMs: () => Math.max(0, retryAtMs - elapsedMs()),
    async fail({ code, message, retryable }) {
      failures += 1;
      const pauseMs = retryable ? Math.min(longestPauseMs, 1000 * 2 ** (failures - 1)) : hopelessPauseMs;
      retryAtMs = elapsedMs() + pauseMs;
      log[failures === 1 ? "warn" : "debug"](
        { firewall, code, error: message, failures, pauseMs },
        "firewall can't be brought in line, will try again",
      );
      const state = code === "FIREWALL_COMMAND_FAILED" ? "out-of-sync" : "unreachable";
      await status.record({ state, error: message }, now());
      await note(message);
      return pauseMs;
    },
    async noteAgain() {
      if (elapsedMs() - notedAtMs >= noteEveryMs) {
        await note(status.fault() ?? "unreachable");
      }
    },
    async recover() {
      if (failures > 0) {
        if (status.fault() !== null) {
          await status.record({ state: "in-sync", error: null }, now());
        }
        log.info({ firewall, failures }, "firewall works again");
        failures = 0;
        retryAtMs = Number.NEGATIVE_INFINITY;
      }
    },
  };
}
