import type { Log } from "../ports.ts";

/** Warnings about what is tried again all the time: each is told at once, when it says something else, and once an hour while it goes on. */
export interface Complaints {
  /** @param about what it is about; one at a time goes on about each */
  tell(about: string, fields: object, message: string): void;
  /** It is well again. */
  end(about: string): void;
}

const againMs = 3_600_000;

/** @param nowMs a steady clock */
export function createComplaints(
  log: Pick<Log, "warn">,
  nowMs: () => number = () => performance.now(),
): Complaints {
  const told = new Map<string, { readonly text: string; readonly atMs: number }>();
  return {
    tell(about, fields, message) {
      const text = JSON.stringify([fields, message]);
      const last = told.get(about);
      if (last?.text === text && nowMs() - last.atMs < againMs) {
        return;
      }
      told.set(about, { text, atMs: nowMs() });
      log.warn(fields, message);
    },
    end(about) {
      told.delete(about);
    },
  };
}
