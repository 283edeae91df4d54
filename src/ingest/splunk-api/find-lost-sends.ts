import type { LostSend } from "../../ports.ts";
import { type ActionEvent, type Invocation, readActionLine, threadOf } from "./read-action-line.ts";

/** One line that Splunk's alert actions wrote in its own log. */
export interface ActionLine {
  readonly at: Date;
  /** Which search head. */
  readonly host: string;
  readonly raw: string;
}

/** Splunk ends an alert action after five minutes (`maxtime`), and may be slow to say so. */
export const longestSendMs = 6 * 60_000;

/** Reads the log line by line, and keeps no line. */
export interface LostSendFinder {
  /** @param line not before those that were read already */
  read(line: ActionLine): void;
  /** After the last line. */
  found(): readonly LostSend[];
}

/**
 * The sends of which Splunk's log says that they failed in this time, one per action and sid. Only the line with which a send begins names its sid;
 * the lines that follow belong to the send that runs in their thread. Old versions name no thread: what failed there may be any send that was
 * under way, and all are given, because asking about one in vain does no harm. So is a send of which nothing more was ever said.
 * It wants the lines from `longestSendMs` before `since`.
 */
export function createLostSendFinder(since: Date, until: Date): LostSendFinder {
  const running = new Map<string, readonly Send[]>();
  const lost = new Map<string, LostSend>();
  const keep = (sends: readonly LostSend[]): void => {
    for (const send of sends) {
      if (send.failedAt >= since && send.failedAt < until) {
        lost.set(`${send.action} ${send.sid}`, send);
      }
    }
  };
  return {
    read({ at, host, raw }) {
      const thread = threadOf(raw);
      const key = JSON.stringify([host, thread]);
      const sends = running.get(key) ?? [];
      keep(oldOf(sends, at).map(unsaid));
      const event = readActionLine(raw);
      const { ended, left } = step(withoutOld(sends, at), event, { at, isAlone: thread !== null });
      keep(ended);
      if (left.length === 0) {
        running.delete(key);
      } else {
        running.set(key, left);
      }
    },
    found() {
      keep([...running.values()].flat().map(unsaid));
      return [...lost.values()];
    },
  };
}

interface Send {
  readonly invocation: Invocation;
  readonly begunAt: Date;
  /** The first complaint since. */
  readonly complaint: { readonly failedAt: Date; readonly reason: string } | null;
}

interface Step {
  readonly ended: readonly LostSend[];
  readonly left: readonly Send[];
}

/** @param about isAlone: one send at a time runs here */
function step(
  sends: readonly Send[],
  event: ActionEvent | null,
  { at, isAlone }: { readonly at: Date; readonly isAlone: boolean },
): Step {
  if (event === null) {
    return { ended: [], left: sends };
  }
  if (event.kind === "begun") {
    const next = event.send === null ? [] : [{ invocation: event.send, begunAt: at, complaint: null }];
    return isAlone ? { ended: sends.map(unsaid), left: next } : { ended: [], left: [...sends, ...next] };
  }
  if (event.kind === "sent") {
    return { ended: [], left: sends.length === 1 ? [] : sends };
  }
  const said = { failedAt: at, reason: event.reason };
  return event.kind === "failed"
    ? {
        ended: sends
          .filter(({ invocation }) => !isKept(invocation, event.code))
          .map((send) => lostAt(send, { ...said, reason: send.complaint?.reason ?? said.reason })),
        left: [],
      }
    : { ended: [], left: sends.map((send) => ({ ...send, complaint: send.complaint ?? said })) };
}

/** With these our own action says that it has written the rows down, and sends them again by itself. */
const keptCodes: ReadonlySet<number> = new Set([2, 3]);

function isKept({ action }: Invocation, code: number): boolean {
  return action === "portcullis_block" && keptCodes.has(code);
}

function lostAt({ invocation }: Send, end: Pick<LostSend, "failedAt" | "reason">): LostSend {
  return { ...invocation, ...end };
}

/** A send whose end the log does not tell. */
function unsaid(send: Send): LostSend {
  const failedAt = new Date(send.begunAt.getTime() + longestSendMs);
  return lostAt(send, send.complaint ?? { failedAt, reason: "Splunk's log does not say how the send ended" });
}

function oldOf(sends: readonly Send[], at: Date): readonly Send[] {
  return sends.filter(({ begunAt }) => at.getTime() - begunAt.getTime() > longestSendMs);
}

function withoutOld(sends: readonly Send[], at: Date): readonly Send[] {
  return sends.filter(({ begunAt }) => at.getTime() - begunAt.getTime() <= longestSendMs);
}
