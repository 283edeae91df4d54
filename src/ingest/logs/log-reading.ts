import { createHash } from "node:crypto";
import { detectFormat, guessFormat } from "./detect-format.ts";
import { generic } from "./formats/generic.ts";
import type { LineReader, LogEvent, LogFormat } from "./log-event.ts";
import { createLogTimes } from "./log-times.ts";
import { createLineScanner, type LineScanner } from "./scan-lines.ts";

/** One log that is being read. */
export interface LogReading {
  /** Takes the next bytes, wherever lines end. */
  push(chunk: Buffer): void;
  end(): void;
  /** Reads it so, unless the format is named or known already; null: as nothing has been said. */
  expect(format: LogFormat | null): void;
  /** Null while it is not known yet. */
  readonly format: LogFormat | null;
  readonly lines: number;
  /** Failures and attacks; mere requests not. */
  readonly events: number;
  /** Lines that tell of a failure, and not for certain whose. */
  readonly unclear: number;
  /** Hash over the beginning: the same log has the same, whatever it is called. */
  identity(): string;
}

export interface ReadingOptions {
  /** Null: found out from the first lines. */
  readonly format: LogFormat | null;
  /** When the log was last written, in milliseconds since 1970: a stamp without a year is of the year before that. */
  readonly referenceMs: () => number;
  readonly take: (event: LogEvent) => void;
  /** It is read as it is written, so that a failure should not wait until the format is sure. */
  readonly isLive?: boolean;
}

/** So much is looked at to find the format. */
const mostSample = 1024 * 1024;
const identityBytes = 64 * 1024;

/** Reads one log. Keeps no more than a line, and at most 1 MiB until the format is known. */
export function createLogReading(options: ReadingOptions): LogReading {
  const beginning = createBeginning(options.isLive === true ? guessFormat : detectFormat);
  const counts = { events: 0, unclear: 0 };
  let open: Opened | null = null;
  const start = (format: LogFormat): Opened => {
    open = openFormat(format, options, counts);
    for (const chunk of beginning.takeSample()) {
      open.scanner.push(chunk);
    }
    return open;
  };

  return {
    push(chunk) {
      beginning.note(chunk);
      if (open === null && options.format === null) {
        const found = beginning.sample(chunk);
        open = found === null ? null : start(found);
      } else {
        (open ?? start(options.format ?? generic)).scanner.push(chunk);
      }
    },
    expect(format) {
      if (open === null && options.format === null && format !== null) {
        start(format);
      }
    },
    end() {
      const { reader, scanner } = open ?? start(options.format ?? beginning.guess() ?? generic);
      scanner.end();
      reader.end();
    },
    get format() {
      return open?.format ?? options.format;
    },
    get lines() {
      return open?.scanner.lines ?? 0;
    },
    get events() {
      return counts.events;
    },
    get unclear() {
      return counts.unclear;
    },
    identity: beginning.identity,
  };
}

interface Opened {
  readonly format: LogFormat;
  readonly reader: LineReader;
  readonly scanner: LineScanner;
}

function openFormat(
  format: LogFormat,
  { referenceMs, take }: ReadingOptions,
  counts: { events: number; unclear: number },
): Opened {
  const reader = format.open({
    times: createLogTimes(referenceMs),
    take(event) {
      counts.events += event.kind === "request" ? 0 : event.count;
      take(event);
    },
  });
  const scanner = createLineScanner({
    marks: () => reader.marks,
    inParts: format.isStream,
    take(line, isPart) {
      counts.unclear += reader.read(line, isPart) ? 0 : 1;
    },
  });
  return { format, reader, scanner };
}

/** The beginning of a log: what it is, and which. */
function createBeginning(formatOf: typeof detectFormat) {
  const hash = createHash("sha256");
  let hashed = 0;
  let chunks: Buffer[] = [];
  let sampled = 0;
  const guess = (): LogFormat | null => formatOf(Buffer.concat(chunks).toString("utf8"));
  return {
    note(chunk: Buffer): void {
      if (hashed < identityBytes) {
        hash.update(chunk.subarray(0, identityBytes - hashed));
        hashed += chunk.length;
      }
    },
    /** Looks at one more chunk; null: it can't be told yet. */
    sample(chunk: Buffer): LogFormat | null {
      chunks.push(Buffer.from(chunk));
      sampled += chunk.length;
      const isFull = sampled >= mostSample;
      // Small chunks are looked at only when they end a line, so that they do not cost more the smaller they are.
      const found = isFull || chunk.includes("\n") ? guess() : null;
      return isFull ? (found ?? generic) : found;
    },
    guess,
    takeSample(): readonly Buffer[] {
      const taken = chunks;
      chunks = [];
      return taken;
    },
    identity: (): string => hash.copy().digest("hex"),
  };
}
