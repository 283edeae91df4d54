import { cleanText } from "../domain/clean-text.ts";

/** `2026-11-20 13:00 UTC` */
export function shortUtc(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

const units: readonly (readonly [unit: string, seconds: number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/** `40 s`, `5 min`, `3 h`, `12 d`: the largest unit of which there are two, or one; rounded. */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ["s", 1];
  return `${Math.round(seconds / size)} ${unit}`;
}

/** `24 h`, `7 d`, `90 min`: the largest unit that loses nothing. */
export function exactly(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size && seconds % size === 0) ?? ["s", 1];
  return `${seconds / size} ${unit}`;
}

/** `1 alert`, `2 alerts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(texts: readonly string[]): string {
  return texts.length < 2 ? (texts[0] ?? "") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1) ?? ""}`;
}

const shownFields = 12;

/** What to do about an alert in which no address was found. @param fields that it has; null: nobody has looked */
export function addresslessHint(fields: readonly string[] | null): string {
  if (fields !== null && fields.length === 0) {
    return "its result has no rows: see what the search returns";
  }
  const shown = (fields ?? []).slice(0, shownFields).map((field) => cleanText(field, 60));
  const more = (fields?.length ?? 0) > shownFields ? ", …" : "";
  const has = shown.length === 0 ? "" : ` (it has ${shown.join(", ")}${more})`;
  return `name the field that holds the address${has} in extract.fields, or for this search alone in searches[].fields`;
}
