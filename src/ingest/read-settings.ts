import { type AlertSettings, longestField, longestNote, mostFields } from "../domain/alert-settings.ts";
import { type Mode, modes } from "../domain/decision.ts";
import { severities, type Severity } from "../domain/severity.ts";
import { isObject } from "./is-object.ts";

export interface SettingsRead {
  /** Null: nothing is asked for. */
  readonly settings: AlertSettings | null;
  /** What of them is not known to this version, or could not be read as it stands; undefined: nothing. */
  readonly rest: unknown;
  /** Names of the parts that could not be read, or only in part. None of them is text from outside. */
  readonly ignored: readonly string[];
}

/**
 * The key `settings` of a delivery. Whatever is wrong in it costs that part and never the alert: a spelling mistake in a form must not lose one.
 * @param value parsed JSON
 */
export function readSettings(value: unknown): SettingsRead {
  if (value === undefined || value === null) {
    return { settings: null, rest: undefined, ignored: [] };
  }
  if (!isObject(value)) {
    return { settings: null, rest: value, ignored: ["settings"] };
  }
  const parts = {
    fields: readFields(value["fields"]),
    severity: readWord(value["severity"], severities),
    mode: readMode(value["mode"]),
    note: readNote(value["note"]),
  };
  const known: ReadonlyMap<string, Part<unknown>> = new Map(Object.entries(parts));
  const rest = Object.entries(value).filter(([key]) => known.get(key)?.isWhole !== true);
  return {
    settings: settingsOf({
      fields: parts.fields.read,
      severity: parts.severity.read,
      mode: parts.mode.read,
      note: parts.note.read,
    }),
    // Not written key by key: one may be `__proto__`.
    rest: rest.length === 0 ? undefined : Object.fromEntries(rest),
    ignored: [...known].flatMap(([key, { isWhole }]) => (isWhole ? [] : [key])),
  };
}

/** What could be read of one part. */
interface Part<Value> {
  readonly read: Value | null;
  /** Nothing of it was ignored. */
  readonly isWhole: boolean;
}

const nothing = { read: null, isWhole: true } as const;
const unreadable = { read: null, isWhole: false } as const;

function readFields(value: unknown): Part<readonly string[]> {
  if (isUnsaid(value)) {
    return nothing;
  }
  if (!Array.isArray(value)) {
    return unreadable;
  }
  const names = value
    .slice(0, mostFields)
    .flatMap((name: unknown) => (typeof name === "string" ? [name.trim()] : []))
    .filter((name) => name !== "" && name.length <= longestField);
  return { read: names.length === 0 ? null : names, isWhole: names.length === value.length };
}

function readWord<Word extends Severity | Mode>(value: unknown, words: readonly Word[]): Part<Word> {
  if (isUnsaid(value)) {
    return nothing;
  }
  const said = typeof value === "string" ? value.trim().toLowerCase() : null;
  const word = words.find((one) => one === said);
  return word === undefined ? unreadable : { read: word, isWhole: true };
}

/** Who wrote one wanted care: one that can't be read makes a person decide, so that a misspelt `observe` blocks nobody. */
function readMode(value: unknown): Part<Mode> {
  const mode = readWord(value, modes);
  return mode.isWhole ? mode : { read: "approve", isWhole: false };
}

function readNote(value: unknown): Part<string> {
  if (isUnsaid(value)) {
    return nothing;
  }
  if (typeof value !== "string") {
    return unreadable;
  }
  // Beyond what is kept, so that a huge text costs little.
  const characters = Array.from(value.slice(0, 2 * longestNote + 1).toWellFormed());
  const note = characters.slice(0, longestNote).join("").trim();
  return { read: note === "" ? null : note, isWhole: characters.length <= longestNote };
}

/** As a form sends what nobody has filled in. */
function isUnsaid(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function settingsOf(settings: AlertSettings): AlertSettings | null {
  return Object.values(settings).every((one) => one === null) ? null : settings;
}
