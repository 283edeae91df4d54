import { createInterface } from "node:readline";
import type { Host } from "./host.ts";

/** What a person types, line by line. */
export interface Answers {
  /** Empty when the input ends or the command is stopped. */
  readonly next: () => Promise<string>;
  /** Lets the process end. */
  readonly close: () => void;
}

/** Reads standard input from the first question on: lines that come ahead are kept for the next ones. */
export function readAnswers({ stdin, stopSignal }: Pick<Host, "stdin" | "stopSignal">): Answers {
  let lines: AsyncIterator<string> | undefined;
  let close = (): void => undefined;
  return {
    async next() {
      if (lines === undefined) {
        const reader = createInterface({ input: stdin, signal: stopSignal });
        lines = reader[Symbol.asyncIterator]();
        close = () => {
          reader.close();
        };
      }
      const line: IteratorResult<string, unknown> = await lines.next();
      return line.done === true ? "" : line.value.trim();
    },
    close: () => {
      close();
    },
  };
}
