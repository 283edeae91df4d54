import { createLineKeeper } from "./keep-line.ts";

/** Cuts bytes into lines, and passes on those that may matter. */
export interface LineScanner {
  push(chunk: Buffer): void;
  /** The last line may have no end. */
  end(): void;
  /** So many lines were seen. */
  readonly lines: number;
}

export interface ScanOptions {
  /** Asked before every search. Global, on bytes as Latin-1: lines without a match are only counted. Null: each is passed on. */
  readonly marks: () => RegExp | null;
  /** Pass a line on that is longer than 64 KiB in parts; else its beginning alone. */
  readonly inParts: boolean;
  /** @param isPart the line goes on, or was cut here */
  readonly take: (line: string, isPart: boolean) => void;
}

/** Longer lines are cut: no program writes them, and memory stays bounded. */
export const longestLine = 64 * 1024;

const lineFeed = 10;
const carriageReturn = 13;

/** Every line is decoded as UTF-8, and what is none becomes `�`. A chunk is not used after `push`. */
export function createLineScanner(options: ScanOptions): LineScanner {
  const { marks, inParts, take } = options;
  let lines = 0;
  const pass = (bytes: Buffer, isPart: boolean): void => {
    const end = !isPart && bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
    take(bytes.toString("utf8", 0, end), isPart);
  };
  const keeper = createLineKeeper(longestLine, {
    inParts,
    take(bytes, isPart) {
      if (nextMark(marks(), () => bytes.toString("latin1"), 0) !== Number.POSITIVE_INFINITY) {
        pass(bytes, isPart);
      }
    },
  });
  /** @returns where the last line ends */
  const scanWhole = (chunk: Buffer, from: number): number => {
    let text: string | undefined;
    const textOf = (): string => (text ??= chunk.toString("latin1"));
    let marked = nextMark(marks(), textOf, from);
    let start = from;
    for (let end = chunk.indexOf(lineFeed, start); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      lines += 1;
      if (marked <= end) {
        passLine(chunk.subarray(start, end), inParts, pass);
        marked = nextMark(marks(), textOf, end + 1);
      }
      start = end + 1;
    }
    return start;
  };

  return {
    push(chunk) {
      const end = keeper.isOpen ? chunk.indexOf(lineFeed) : undefined;
      if (end === -1) {
        keeper.keep(chunk);
        return;
      }
      if (end !== undefined) {
        keeper.keep(chunk.subarray(0, end));
        keeper.close();
        lines += 1;
      }
      keeper.keep(chunk.subarray(scanWhole(chunk, end === undefined ? 0 : end + 1)));
    },
    end() {
      if (keeper.isOpen) {
        keeper.close();
        lines += 1;
      }
    },
    get lines() {
      return lines;
    },
  };
}

type Pass = (bytes: Buffer, isPart: boolean) => void;

function passLine(line: Buffer, inParts: boolean, pass: Pass): void {
  let rest = line;
  while (rest.length > longestLine) {
    pass(rest.subarray(0, longestLine), true);
    if (!inParts) {
      return;
    }
    rest = rest.subarray(longestLine);
  }
  pass(rest, false);
}

/** Where the next mark begins; infinity: there is none. */
function nextMark(marks: RegExp | null, textOf: () => string, from: number): number {
  if (marks === null) {
    return from;
  }
  marks.lastIndex = from;
  return marks.exec(textOf())?.index ?? Number.POSITIVE_INFINITY;
}
