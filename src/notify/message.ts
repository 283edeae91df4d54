import type { News } from "../ports.ts";
import type { Letter } from "./letter.ts";
import { letterHtml } from "./letter-html.ts";
import { letterText } from "./letter-text.ts";
import { writeAlarm } from "./write-alarm.ts";
import { writeLetter } from "./write-letter.ts";

export interface Message {
  /** One line, the same for every decision of this kind about this address by this search. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The message about one decision to block or hold, or about one alarm. Text from outside can't become markup, a header or a link.
 * @param canaries names of the firewalls that get new blocks before the others
 */
export function createMessage(news: News, now: Date, canaries: readonly string[] = []): Message {
  const letter = letterOf(news, now, canaries);
  return { subject: letter.subject, text: letterText(letter), html: letterHtml(letter) };
}

function letterOf(news: News, now: Date, canaries: readonly string[]): Letter {
  return news.kind === "decision" ? writeLetter(news.story, now, canaries) : writeAlarm(news.alarm);
}
