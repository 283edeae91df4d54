import { AppError } from "../../domain/errors.ts";
import type { ToldEvent } from "../../domain/told-event.ts";
import { envelope, probe, type Sender } from "./envelope.ts";
import type { Verdict } from "./judge-answer.ts";

export interface Collector {
  readonly label: string;
  readonly sender: Sender;
  readonly now: () => Date;
  /** Throws as `judgeAnswer` and the connection do. */
  readonly post: (body: string) => Promise<Verdict>;
}

export interface Delivery {
  /** Of those that Splunk has taken: null; of those that it has refused: why. */
  readonly outcomes: ReadonlyMap<ToldEvent, AppError | null>;
  /** Why it went no further; null: it came to the end. */
  readonly failure: AppError | null;
}

/** Takes a batch apart around what is wrong in it. @throws {AppError} as `post` does, and HEC_REFUSED, when nothing has come of it */
export async function deliver(collector: Collector, events: readonly ToldEvent[]): Promise<Delivery> {
  const outcomes = new Map<ToldEvent, AppError | null>();
  const parts = [events];
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const verdict = await send(collector, part, outcomes.size === 0);
      if (verdict.kind === "bad-event" && part.length > 1) {
        parts.unshift(...partsAround(part, verdict.number));
        continue;
      }
      for (const event of part) {
        outcomes.set(event, verdict.kind === "taken" ? null : verdict.error);
      }
    }
    return { outcomes, failure: null };
  } catch (error) {
    // What has arrived, or was refused, is not sent again because of what came after.
    if (outcomes.size > 0 && error instanceof AppError) {
      return { outcomes, failure: error };
    }
    throw error;
  }
}

/** @param isFirst nothing is known yet of what it takes: then one event is not said to be wrong where none would be right */
async function send(collector: Collector, part: readonly ToldEvent[], isFirst: boolean): Promise<Verdict> {
  const verdict = await collector.post(part.map((event) => envelope(event, collector.sender)).join("\n"));
  if (verdict.kind === "bad-event" && part.length === 1 && isFirst) {
    await checkThatAnyIsTaken(collector);
  }
  return verdict;
}

async function checkThatAnyIsTaken({ label, sender, now, post }: Collector): Promise<void> {
  const verdict = await post(probe(sender, now()));
  if (verdict.kind !== "taken") {
    const what = `${label} refuses every event, also one that says nothing: ${verdict.said}; look at what stands between Portcullis and Splunk`;
    throw new AppError("HEC_REFUSED", what, { retryable: true });
  }
}

/**
 * The event that is said to be wrong alone, and what stands around it; halves when none is named. The number is not believed further than
 * that, because Splunk sometimes tells one too high.
 */
function partsAround(events: readonly ToldEvent[], number: number | null): readonly (readonly ToldEvent[])[] {
  const middle = Math.ceil(events.length / 2);
  const isNamed = number !== null && Number.isInteger(number) && number >= 0 && number < events.length;
  const ends = isNamed ? [number, number + 1] : [middle];
  return [0, ...ends].map((start, n) => events.slice(start, ends[n])).filter((part) => part.length > 0);
}
