import { cleanText } from "./clean-text.ts";

export const toldKinds = ["decision", "block", "firewall", "alarm", "status", "provider"] as const;
export type ToldKind = (typeof toldKinds)[number];

/** A field without a value is left out where it is told. */
export type ToldValue = string | number | boolean | null | readonly string[];

/** A moment of which other programs are told, as it was: flat, with the names that they search by. */
export interface ToldEvent {
  /** Its own and always the same, also when it is told twice: `decision:de_…`, `block:bl_…:edge-1:verified:1760000401250`. */
  readonly id: string;
  readonly kind: ToldKind;
  readonly at: Date;
  /** Text from outside is on one line and bounded, but not escaped. */
  readonly fields: Readonly<Record<string, ToldValue>>;
}

/** Splunk finds no fields beyond the first 5,000 or 10,000 characters of an event, depending on how it is asked. */
const longestText = 500;
const mostTexts = 10;

/** Text from outside, as an event holds it. */
export function toldText(text: string): string;
export function toldText(text: string | null): string | null;
export function toldText(text: string | null): string | null {
  return text === null ? null : cleanText(text, longestText);
}

export function toldTexts(texts: readonly string[]): readonly string[] {
  const shown = texts.slice(0, mostTexts).map((text) => toldText(text));
  return texts.length > mostTexts ? [...shown, `… and ${texts.length - mostTexts} more`] : shown;
}

/** Null also for a time that is none, as in a row that somebody has written over. */
export function toldTime(time: Date | null): string | null {
  return time === null || Number.isNaN(time.getTime()) ? null : time.toISOString();
}
