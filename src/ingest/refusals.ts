import { messageOf } from "../domain/errors.ts";
import type { Alarm, Log } from "../ports.ts";

const reasons = ["rate_limited", "overloaded", "too_many_connections"] as const;
/** Why a delivery was refused that may have been a good one. */
export type RefusalReason = (typeof reasons)[number];

export interface RefusalsDeps {
  readonly onAlarm: (alarm: Pick<Alarm, "key" | "message" | "advice">) => Promise<void>;
  readonly onAlarmEnd: (key: string) => Promise<void>;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

/** Deliveries that were refused since the start. Splunk's stock webhook never sends one again: so each is counted and people are told. */
export interface Refusals {
  readonly note: (reason: RefusalReason, remoteAddress: string) => void;
  /** To be called now and then: ends the alarm of what is over. */
  readonly settle: () => Promise<void>;
  readonly counts: () => Readonly<Record<RefusalReason, number>>;
}

/** Without another refusal for so long, it is over. */
const overMs = 10 * 60_000;

const told: Readonly<Record<RefusalReason, readonly [message: string, advice: string]>> = {
  rate_limited: [
    "alerts are refused because a sender passes the limit per minute",
    "Find out what sends so many; what was refused is lost unless it is recovered from Splunk. receiver.perSource and receiver.perToken raise the limit.",
  ],
  overloaded: [
    "alerts are refused because more come than the database can commit",
    "Look at the disk and the load of this machine; what was refused is lost unless it is recovered from Splunk.",
  ],
  too_many_connections: [
    "connections are refused because too many are open",
    "Find out who holds them open; the log names an address that was refused. What was refused is lost unless it is recovered from Splunk.",
  ],
};

/** Tells each reason once until it is over: a line in the log and one alarm, however many are refused. */
export function createRefusals({ onAlarm, onAlarmEnd, log, clock }: RefusalsDeps): Refusals {
  const counts: Record<RefusalReason, number> = { rate_limited: 0, overloaded: 0, too_many_connections: 0 };
  const lastMs = new Map<RefusalReason, number>();
  const keyOf = (reason: RefusalReason): string => `receiver-${reason.replaceAll("_", "-")}`;
  const keep = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.error({ alarm: key, error: messageOf(error) }, "alarm could not be kept");
    }
  };
  return {
    note(reason, remoteAddress) {
      counts[reason] += 1;
      const isNew = !lastMs.has(reason);
      lastMs.set(reason, clock());
      if (isNew) {
        const [message, advice] = told[reason];
        log.error({ remoteAddress, reason }, "deliveries are refused; told once until it is over");
        void keep(keyOf(reason), () => onAlarm({ key: keyOf(reason), message, advice })); // never rejects
      }
    },
    async settle() {
      for (const [reason, ms] of lastMs) {
        if (clock() - ms > overMs) {
          lastMs.delete(reason);
          log.info({ reason, refused: counts[reason] }, "no delivery was refused any more");
          await keep(keyOf(reason), () => onAlarmEnd(keyOf(reason)));
        }
      }
    },
    counts: () => ({ ...counts }),
  };
}
