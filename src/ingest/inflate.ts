import { gunzip } from "node:zlib";

/** Of a signed delivery after unpacking: 50,000 rows of 335 bytes. In memory they become twenty times as much until they are worked on. */
const mostInflatedBytes = 16 * 1024 * 1024;

export interface BodyProblem {
  readonly problem: "BODY_TOO_LARGE" | "BODY_UNREADABLE";
  readonly detail: string;
}

/**
 * How large the body says it is without its compression, at most 16 MiB; or why it can't be unpacked.
 * Source: RFC 1952, 2.3.1: the last four bytes of gzip are the size.
 */
export function inflatedSize(body: Buffer, encoding: string): number | BodyProblem {
  if (encoding === "" || encoding === "identity") {
    return body.length;
  }
  if (encoding !== "gzip") {
    return {
      problem: "BODY_UNREADABLE",
      detail: "Content-Encoding of a signed delivery must be gzip, or absent.",
    };
  }
  // The shortest gzip has 18 bytes.
  const isGzip = body.length >= 18 && body.readUInt16BE(0) === 0x1f8b;
  const size = isGzip ? body.readUInt32LE(body.length - 4) : 0;
  return size > mostInflatedBytes
    ? {
        problem: "BODY_TOO_LARGE",
        detail: `It unpacks to more than ${mostInflatedBytes} bytes, or is cut off.`,
      }
    : size;
}

/** The body without its compression. Stops at the size that it says it has, so that a lie costs no memory. */
export function inflate(body: Buffer, encoding: string, size: number): Promise<Buffer | BodyProblem> {
  if (encoding !== "gzip") {
    return Promise.resolve(body);
  }
  return new Promise((resolve) => {
    // In one piece: each further one would wait for a turn of the event loop, a thousand of them for 16 MiB.
    const chunkSize = Math.max(1024, size + 1);
    gunzip(body, { maxOutputLength: Math.max(1, size), chunkSize }, (error, inflated) => {
      resolve(
        error === null
          ? inflated
          : {
              problem: "BODY_UNREADABLE",
              detail: "The body is not the gzip that it says: one member, with its true size at the end.",
            },
      );
    });
  });
}
