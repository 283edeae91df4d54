import type { AppError } from "../../domain/errors.ts";
import { answerInvalid } from "./splunk-errors.ts";

/** A row with a huge event is some 100 KiB. */
const longestLine = 8 * 1024 * 1024;

const lineEnd = 0x0a;

/**
 * Whole lines of a stream of bytes, as many at a time as came, without empty ones. What stands behind the last line end comes last.
 * @param most bytes of one line; default is 8 MiB
 * @throws {AppError} SPLUNK_ANSWER_INVALID for a longer line, before it is kept; and what the stream throws
 */
export async function* readLines(
  label: string,
  chunks: AsyncIterable<Uint8Array>,
  most = longestLine,
): AsyncGenerator<readonly string[]> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(lineEnd);
    if (end !== -1) {
      const lines = textOf([...rest, chunk.subarray(0, end)]).split("\n");
      if (lines.some((line) => line.length > most)) {
        throw tooLong(label, most);
      }
      rest = [];
      restBytes = 0;
      yield lines.filter(isSaying);
    }
    const tail = chunk.subarray(end + 1);
    rest.push(tail);
    restBytes += tail.length;
    if (restBytes > most) {
      throw tooLong(label, most);
    }
  }
  yield textOf(rest).split("\n").filter(isSaying);
}

/** Bytes of one character may lie in two chunks. */
function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString("utf8");
}

function isSaying(line: string): boolean {
  return line.trim() !== "";
}

function tooLong(label: string, most: number): AppError {
  return answerInvalid(label, `holds a line of more than ${Math.round(most / 1024)} KiB`);
}
