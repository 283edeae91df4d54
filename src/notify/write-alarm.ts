import type { Alarm } from "../ports.ts";
import { cleanText } from "../domain/clean-text.ts";
import { type Letter, type Part, row } from "./letter.ts";
import { utc } from "./words.ts";

/** What is wrong with Portcullis or what it depends on. One that is over by now says so, and is still told: nobody knew of it. */
export function writeAlarm({ id, message, advice, raisedAt, endedAt }: Alarm): Letter {
  const what = cleanText(message, 500);
  const isOver = endedAt !== null;
  return {
    subject: `Portcullis ${isOver ? "alarm, over by now" : "alarm"}: ${cleanText(message, 120)}`,
    verdict: isOver ? "Alarm over" : "Alarm",
    tone: isOver ? "waiting" : "bad",
    title: what,
    subtitle: "",
    lead: isOver
      ? `This began at ${utc(raisedAt)} and was over at ${utc(endedAt)}, before this message could be sent.`
      : `This began at ${utc(raisedAt)} and goes on. No other message comes about it until it is over.`,
    sections: [
      {
        heading: "Since when",
        parts: [
          {
            kind: "rows",
            rows: [row("Began", utc(raisedAt)), row("Over", isOver ? utc(endedAt) : "not yet")],
          },
        ],
      },
      { heading: "What you can do", parts: [...adviceParts(advice, isOver), ...status] },
    ],
    footer: `Alarm ${cleanText(id, 80)}. Sent by Portcullis.`,
  };
}

const status: readonly Part[] = [
  { kind: "paragraph", text: "How Portcullis is doing:" },
  { kind: "command", text: "portcullis status" },
];

function adviceParts(advice: string, isOver: boolean): readonly Part[] {
  const text = cleanText(advice, 500);
  return [{ kind: "paragraph", text: isOver ? `Nothing now. Should it come back: ${text}` : text }];
}
