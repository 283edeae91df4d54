import type { HecConfig } from "../../config/config.ts";
import type { ToldEvent } from "../../domain/told-event.ts";
import type { Notifier } from "../../ports.ts";
import { deliver } from "./deliver.ts";
import { createHecHttp } from "./hec-http.ts";
import { busy, judgeAnswer } from "./judge-answer.ts";

/** Its name in the outbox. */
export const hecChannel = "hec";

export interface HecOptions {
  /** This machine's name, as Splunk shows it. */
  readonly hostname: string;
  readonly version: string;
  /** Of one request, from the first packet to the last. Default is 20 s. */
  readonly timeoutMs?: number;
  readonly now?: () => Date;
}

/** Less than the lease of a notification, so that nobody else sends it at the same time. */
const wholeMs = 50_000;

/** Tells Splunk's HTTP Event Collector of events, many in one request. Connects when there is something to tell. */
export function createHecNotifier(config: HecConfig, options: HecOptions): Notifier<ToldEvent> {
  const { hostname, version, timeoutMs = 20_000, now = () => new Date() } = options;
  const label = `Splunk's event collector at ${new URL(config.url).host}`;
  const http = createHecHttp(config, label, timeoutMs);
  const sender = { hostname, version, index: config.index };
  /** Asked at the start and after every failure, so that a Splunk in trouble is not sent a whole batch to find out. */
  let isWell = false;

  return {
    channel: hecChannel,
    pace: { batch: 500, maxBytes: 800_000, atOnce: 1, firstRetryMs: 5000, longestRetryMs: 60_000 },
    async send(events, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(wholeMs)]);
      try {
        if (!isWell) {
          const answer = await http.health(limit);
          if (answer.status === 503) {
            throw busy(label, answer, now());
          }
          // Anything else is judged by what it makes of events: what stands in between may know nothing of this question.
        }
        const { outcomes, failure } = await deliver(
          {
            label,
            sender,
            now,
            post: async (body) => judgeAnswer(label, await http.post(body, limit), now()),
          },
          events,
        );
        isWell = failure === null;
        return events.map((event) => (outcomes.has(event) ? (outcomes.get(event) ?? null) : failure));
      } catch (error) {
        isWell = false;
        throw error;
      }
    },
    close() {
      http.close();
      return Promise.resolve();
    },
  };
}
