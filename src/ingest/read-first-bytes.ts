import type { Readable } from "node:stream";

/** How long a sender may take to deliver what we only want to keep as a trace. */
const patienceMs = 2000;

/**
 * What comes first out of a stream, at most `limit` bytes. Reads on to the end, so that a sender that is still writing gets
 * to read the answer; resolves when the stream ends or fails, at the latest after two seconds.
 */
export function readFirstBytes(stream: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      if (length < limit) {
        chunks.push(chunk);
        length += chunk.length;
      }
    };
    const finish = (): void => {
      clearTimeout(timer);
      stream.off("data", take);
      resolve(Buffer.concat(chunks).subarray(0, limit));
    };
    const timer = setTimeout(finish, patienceMs);
    stream.on("data", take).once("end", finish).once("error", finish).once("close", finish);
  });
}
