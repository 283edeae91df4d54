import { setTimeout as wait } from "node:timers/promises";
import { isDeadlock } from "./store-error.ts";

const retries = 3;
const mostPauseMs = 50;

/**
 * Does it again when it and another one had waited for each other: PostgreSQL has ended this one as a whole, and the other is done soon. After a
 * pause of a random length, so that the same two do not meet again.
 */
export async function withRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = retries; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isDeadlock(error)) {
        throw error;
      }
    }
    await wait(Math.random() * mostPauseMs);
  }
}
