import type { Alarm } from "../../ports.ts";
import { toldText, toldTime, type ToldEvent } from "../../domain/told-event.ts";

/** An alarm was raised, or it has ended. */
export function alarmEvent({ id, key, message, advice, raisedAt, endedAt }: Alarm): ToldEvent {
  const state = endedAt === null ? "raised" : "ended";
  return {
    id: `alarm:${id}:${state}`,
    kind: "alarm",
    at: endedAt ?? raisedAt,
    fields: {
      alarm_id: id,
      alarm_key: toldText(key),
      state,
      message: toldText(message),
      advice: toldText(advice),
      raised_at: toldTime(raisedAt),
      ended_at: toldTime(endedAt),
    },
  };
}
