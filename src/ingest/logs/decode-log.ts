import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** The bytes of a log as plain UTF-8: unpacked when it is gzip, translated when it is UTF-16 (as Windows exports it). It is told by the first bytes. */
export async function* decodeLog(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { start, all } = await peek(raw);
  yield* start[0] === 0x1f && start[1] === 0x8b ? decodeText(unpack(all)) : decodeText(all);
}

async function* decodeText(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { start, all } = await peek(bytes);
  const encoding = encodingOf(start);
  if (encoding === "utf-8") {
    yield* all;
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of all) {
    yield Buffer.from(decoder.decode(chunk, { stream: true }));
  }
}

function encodingOf([first, second]: Buffer): "utf-8" | "utf-16le" | "utf-16be" {
  if (first === 0xff && second === 0xfe) {
    return "utf-16le";
  }
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

const peeked = 2;
const utf8Mark = Buffer.from("\ufeff");

interface Peeked {
  readonly start: Buffer;
  readonly all: AsyncGenerator<Buffer>;
}

/** The first bytes, and everything with them; without the mark that some editors set before UTF-8. */
async function peek(bytes: AsyncIterable<Buffer>): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < peeked || isPartOfMark(start)) {
    const step = await iterator.next();
    if (step.done === true) {
      break;
    }
    // A copy, because a chunk is not good any more when the next is asked for.
    start = Buffer.concat([start, step.value]);
  }
  const hasMark = start.subarray(0, utf8Mark.length).equals(utf8Mark);
  return { start, all: goOn(hasMark ? start.subarray(utf8Mark.length) : start, iterator) };
}

function isPartOfMark(start: Buffer): boolean {
  return start.length < utf8Mark.length && utf8Mark.subarray(0, start.length).equals(start);
}

async function* goOn(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield start;
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) {
      yield step.value;
    }
  } finally {
    await rest.return?.();
  }
}

async function* unpack(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Its failure shows where the bytes are read.
  pipeline(Readable.from(copies(packed)), gunzip).catch(() => undefined);
  for await (const chunk of gunzip) {
    yield chunk;
  }
}

/** The stream keeps chunks for longer than they are good. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield Buffer.from(chunk);
  }
}
