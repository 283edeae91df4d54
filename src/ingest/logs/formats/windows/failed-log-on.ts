import type { LogTimes } from "../../log-event.ts";

/** What event 4625 says. Source: Microsoft, "4625(F): An account failed to log on". */
export interface FailedLogOn {
  /** As it stands there; `-` when somebody sat at the machine. */
  readonly address: string;
  readonly user: string | null;
  /** Milliseconds since 1970. */
  readonly atMs: number | undefined;
}

/** Puts events together from the lines of an export. */
export interface Assemble {
  /** @param isPart the line goes on in the next call */
  add(line: string, isPart: boolean): void;
  end(): void;
}

export interface AssembleDeps {
  readonly times: LogTimes;
  readonly found: (event: FailedLogOn) => void;
  /** A failure is told of, and its address can't be read. */
  readonly unclear: () => void;
}

/** `-` and nothing are the same: no name. */
export function userOf(text: string | undefined): string | null {
  const name = (text ?? "").trim();
  return name === "" || name === "-" ? null : name;
}

const milliseconds = /^(?:\/Date\()?(\d{13})(?:\)\/)?$/;
const isoStart = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?/;
const american =
  /^(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4}),? (?<hours>\d{1,2}):(?<minutes>\d\d):(?<seconds>\d\d)(?: (?<half>[AP])M)?/;
const european =
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4}),? (?<hours>\d{1,2}):(?<minutes>\d\d):(?<seconds>\d\d)/;

/** The time at the start of a text: ISO, `5/1/2024 1:00:00 PM`, `01.05.2024 13:00:00`, `/Date(1714550400000)/`, or milliseconds since 1970. */
export function readWindowsTime(text: string, times: LogTimes): number | undefined {
  const number = milliseconds.exec(text)?.[1];
  if (number !== undefined) {
    return times.note(Number(number));
  }
  const iso = isoStart.exec(text)?.[0];
  return iso === undefined ? readLocalTime(text, times) : times.iso(iso);
}

function readLocalTime(text: string, times: LogTimes): number | undefined {
  const parts = (american.exec(text) ?? european.exec(text))?.groups;
  if (parts === undefined) {
    return undefined;
  }
  const part = (name: string): number => Number(parts[name]);
  const half = parts["half"];
  const hour = half === undefined ? part("hours") : (part("hours") % 12) + (half === "P" ? 12 : 0);
  const date = new Date(part("year"), part("month") - 1, part("day"), hour, part("minutes"), part("seconds"));
  return times.note(date.getTime());
}
