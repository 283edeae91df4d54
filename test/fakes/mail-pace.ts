import type { NotifierPace } from "../../src/ports.ts";

/** As of the mail: one message at a time, four at once. */
export const mailPace: NotifierPace = {
  batch: 1,
  atOnce: 4,
  firstRetryMs: 30_000,
  longestRetryMs: 3_600_000,
};
