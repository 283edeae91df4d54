import type { Story } from "../ports.ts";
import { letterHtml } from "./letter-html.ts";
import { letterText } from "./letter-text.ts";
import { writeLetter } from "./write-letter.ts";

export interface Message {
  /** One line, the same for every decision of this kind about this address by this search. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The message about one decision to block or hold. Text from outside can't become markup, a header or a link. */
export function createMessage(story: Story, now: Date): Message {
  const letter = writeLetter(story, now);
  return { subject: letter.subject, text: letterText(letter), html: letterHtml(letter) };
}
