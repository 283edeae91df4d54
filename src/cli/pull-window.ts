import { hash } from "node:crypto";
import { wrongArgument } from "./wrong-argument.ts";

/** A stretch of time that is searched, its start included and its end not, as Splunk takes it. */
export interface PullWindow {
  readonly earliest: string;
  readonly latest: string;
  /** Seconds since 1970 by which the window's alerts are ordered. */
  readonly at: number;
  /** Tells this window from others of the same search: the same again for the same stretch of time. */
  readonly identity: string;
}

/** From one second to another, both since 1970. */
export function windowOf(from: number, to: number): PullWindow {
  return { earliest: String(from), latest: String(to), at: to, identity: `${from} ${to}` };
}

/**
 * The window that was typed. What is relative becomes absolute, so that asking again about the same stretch is known for a repeat; what only
 * Splunk can work out (`-1d@d`) is left to it, and counts as a new window each time.
 * @param now seconds since 1970. @throws {AppError} CONFIG_INVALID when it ends before it begins
 */
export function typedWindow(earliest: string, latest: string, now: number): PullWindow {
  const [from, to] = [secondOf(earliest, now), secondOf(latest, now)];
  if (from === null || to === null) {
    return { earliest, latest, at: to ?? now, identity: `${earliest} ${latest} ${now}` };
  }
  if (from >= to) {
    throw wrongArgument("--earliest: must be before --latest");
  }
  return windowOf(from, to);
}

const unitSeconds: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
]);

/** `now`, `-5m`, `-90s`, `-2h` or seconds since 1970, as such; null for all that only Splunk understands: a day may have 23 hours. */
export function secondOf(text: string, now: number): number | null {
  if (text === "now") {
    return now;
  }
  if (/^\d{9,10}$/.test(text)) {
    return Number(text);
  }
  const [, count, unit = ""] = /^-(\d{1,9})([smh])$/.exec(text) ?? [];
  return count === undefined ? null : now - Number(count) * (unitSeconds.get(unit) ?? 1);
}

/**
 * The sid of a part of what a window gave. The same again when the window is searched again, so that the receiver knows the repeat.
 * @param part counts from 1
 */
export function pullSid(
  search: { readonly search: string; readonly name: string },
  window: PullWindow,
  part: number,
): string {
  const identity = JSON.stringify([search.name, search.search, window.identity]);
  return `pull_${hash("sha256", identity, "hex").slice(0, 32)}_at_${window.at}_${part}`;
}
