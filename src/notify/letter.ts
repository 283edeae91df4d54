/** A message before it is written as text or HTML. Texts are clean, and still to be escaped. */
export interface Letter {
  readonly subject: string;
  /** The outcome in a word or two: `Blocked`. */
  readonly verdict: string;
  /** Only supports what the words say. */
  readonly tone: Tone;
  /** What it is about: the address. */
  readonly title: string;
  /** Where it came from; may be empty. */
  readonly subtitle: string;
  readonly lead: string;
  readonly sections: readonly Section[];
  readonly footer: string;
}

export type Tone = "good" | "bad" | "waiting";

export interface Section {
  readonly heading: string;
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "command"; readonly text: string };

/** A label and what is said under it. */
export interface Row {
  readonly label: string;
  /** Empty: the link says all. */
  readonly value: string;
  /** More lines under it. */
  readonly details: readonly string[];
  /** An http(s) address, or null. */
  readonly link: string | null;
  /** Null: neither good nor bad. */
  readonly tone: Tone | null;
}

export function row(label: string, value: string, more: Partial<Row> = {}): Row {
  return { label, value, details: [], link: null, tone: null, ...more };
}
