import type { IpAddress } from "../../domain/ip-address.ts";
import { parseIpAddress } from "../../domain/ip-address.ts";
import type { LogEvent, LogKind } from "./log-event.ts";
import { ownText } from "./own-text.ts";
import { createRecentMap } from "./recent-map.ts";
import { createSlidingCounter, type SlidingCount, type SlidingCounter } from "./sliding-count.ts";

/** An address that did too much of one kind within the window. */
export interface LogFinding {
  readonly ip: IpAddress;
  readonly kind: LogKind;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Names that were tried, or kinds of attacks; the first few. Text from outside. */
  readonly names: readonly string[];
}

export interface CountRules {
  readonly windowSeconds: number;
  /** So many of a kind within the window are too many; infinity: never. */
  readonly thresholds: Readonly<Record<LogKind, number>>;
  /** Default is 200,000. Of more addresses, those that were silent the longest are forgotten; half as many of those found. */
  readonly mostAddresses?: number;
}

export interface CountWindow {
  /** @returns what was found, when the address goes over the threshold now; it does so again after a window without that */
  add(event: LogEvent): LogFinding | undefined;
  /** Every address that ever went over, with all that it did, the most first. */
  findings(): readonly LogFinding[];
  /** The address with the most events that never went over; null: there is none. */
  busiestBelow(): LogFinding | null;
  /** How many addresses never went over. */
  readonly below: number;
  /** How many addresses had to make room; when one comes again, it begins at 0. */
  readonly forgotten: number;
}

/** What is known of one address and kind. */
interface Tally {
  readonly ip: IpAddress;
  readonly kind: LogKind;
  count: number;
  firstMs: number;
  lastMs: number;
  names: readonly string[];
  readonly window: SlidingCount;
  /** For times before the other: neither an older log after a newer one, nor two clocks in one log, may hide anything. */
  earlier: SlidingCount | null;
  isOver: boolean;
}

const usualAddresses = 200_000;
const mostNames = 5;
const longestName = 64;

/** Counts events per address in a sliding window. Its memory is bounded, and the time per event does not grow. */
export function createCountWindow({
  windowSeconds,
  thresholds,
  mostAddresses = usualAddresses,
}: CountRules): CountWindow {
  let forgotten = 0;
  const forget = (): void => {
    forgotten += 1;
  };
  const kinds = ["failed-login", "web-attack", "request"] as const;
  const tables = kinds.map((kind) => ({
    kind,
    threshold: thresholds[kind],
    counter: createSlidingCounter({ windowSeconds, threshold: thresholds[kind] }),
    below: createRecentMap<IpAddress, Tally>(mostAddresses, forget),
    over: createRecentMap<IpAddress, Tally>(mostAddresses / 2, forget),
  }));

  return {
    add(event) {
      const table = tables.find(({ kind }) => kind === event.kind);
      if (table === undefined || table.threshold === Number.POSITIVE_INFINITY) {
        return undefined;
      }
      const { below, over } = table;
      const known = over.get(event.ip) ?? below.get(event.ip);
      const tally = known ?? newTally(event, table.counter);
      if (known === undefined) {
        below.set(tally.ip, tally);
      }
      note(tally, event);
      const found = slide(tally, event, table);
      if (found !== undefined) {
        below.delete(tally.ip);
        over.set(tally.ip, tally);
      }
      return found;
    },
    findings: () =>
      tables
        .flatMap(({ over }) => Array.from(over.values(), findingOf))
        .toSorted((a, b) => b.count - a.count || a.firstMs - b.firstMs),
    busiestBelow: () => {
      let best: Tally | null = null;
      for (const tally of tables.flatMap(({ kind, below }) =>
        kind === "request" ? [] : [...below.values()],
      )) {
        best = best === null || tally.count > best.count ? tally : best;
      }
      return best === null ? null : findingOf(best);
    },
    get below() {
      return tables.reduce((sum, { kind, below }) => sum + (kind === "request" ? 0 : below.size), 0);
    },
    get forgotten() {
      return forgotten;
    },
  };
}

function newTally({ ip, kind, atMs }: LogEvent, counter: SlidingCounter): Tally {
  const own = parseIpAddress(ownText(ip)) ?? ip;
  const window = counter.open();
  return {
    ip: own,
    kind,
    count: 0,
    firstMs: atMs,
    lastMs: atMs,
    names: [],
    window,
    earlier: null,
    isOver: false,
  };
}

function note(tally: Tally, { atMs, count, user, detail }: LogEvent): void {
  tally.count += count;
  tally.firstMs = Math.min(tally.firstMs, atMs);
  tally.lastMs = Math.max(tally.lastMs, atMs);
  const name = detail ?? user;
  if (name !== null && tally.names.length < mostNames) {
    const short = name.slice(0, longestName);
    if (!tally.names.includes(short)) {
      tally.names = [...tally.names, ownText(short)];
    }
  }
}

interface Counting {
  readonly threshold: number;
  readonly counter: SlidingCounter;
}

function slide(
  tally: Tally,
  { atMs, count }: LogEvent,
  { threshold, counter }: Counting,
): LogFinding | undefined {
  const window = windowFor(tally, atMs, counter);
  const inWindow = counter.add(window, atMs, count);
  const wasOver = tally.isOver;
  tally.isOver = inWindow >= threshold;
  return tally.isOver && !wasOver
    ? { ...findingOf(tally), count: inWindow, firstMs: Math.min(counter.oldestMs(window), atMs) }
    : undefined;
}

function windowFor(tally: Tally, atMs: number, counter: SlidingCounter): SlidingCount {
  if (counter.accepts(tally.window, atMs)) {
    return tally.window;
  }
  if (tally.earlier === null || !counter.accepts(tally.earlier, atMs)) {
    tally.earlier = counter.open();
  }
  return tally.earlier;
}

function findingOf({ ip, kind, count, firstMs, lastMs, names }: Tally): LogFinding {
  return { ip, kind, count, firstMs, lastMs, names };
}
