import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLog } from "../../src/ingest/logs/decode-log.ts";
import { createLineScanner, longestLine } from "../../src/ingest/logs/scan-lines.ts";
import { createTimeline } from "../../src/ingest/logs/timeline.ts";

function scan(chunks: readonly Buffer[], marks: RegExp | null = null, inParts = false) {
  const lines: (readonly [text: string, isPart: boolean])[] = [];
  const scanner = createLineScanner({
    marks: () => marks,
    inParts,
    take: (line, isPart) => {
      lines.push([line, isPart]);
    },
  });
  for (const chunk of chunks) {
    // Who reads uses the memory of a chunk again.
    const lent = Buffer.from(chunk);
    scanner.push(lent);
    lent.fill(33);
  }
  scanner.end();
  return { lines, count: scanner.lines };
}

const cut = (bytes: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );

describe("bytes become lines", () => {
  test("however they are cut into chunks", () => {
    const text = fc
      .array(fc.constantFrom("a", "mark", "\n", "\n\n", "\r\n", "é", "日", " "), { maxLength: 60 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), fc.boolean(), (text, size, isMarked) => {
        const expected = text.split("\n").map((line) => line.replace(/\r$/, ""));
        if (expected.at(-1) === "") {
          expected.pop();
        }
        const wanted = isMarked ? expected.filter((line) => line.includes("mark")) : expected;

        const { lines, count } = scan(cut(Buffer.from(text), size), isMarked ? /mark/g : null);

        expect(lines.map(([line]) => line)).toEqual(wanted);
        expect(count).toBe(expected.length);
      }),
      { numRuns: 500 },
    );
  });

  test.each([1, 7, 1 << 20])("a line that is too long is cut, in chunks of %d bytes", (size) => {
    const bytes = Buffer.from(`a\n${"x".repeat(longestLine + 5)}\nb\n`);
    const { lines, count } = scan(cut(bytes, size));

    expect(lines).toEqual([
      ["a", false],
      ["x".repeat(longestLine), true],
      ["b", false],
    ]);
    expect(count).toBe(3);
  });

  test.each([1, 7, 1 << 20])("or passed on in parts, in chunks of %d bytes", (size) => {
    const { lines } = scan(cut(Buffer.from(`a\n${"x".repeat(longestLine + 5)}\nb`), size), null, true);

    expect(lines).toEqual([
      ["a", false],
      ["x".repeat(longestLine), true],
      ["xxxxx", false],
      ["b", false],
    ]);
  });

  test("bytes that are no UTF-8 harm nothing", () => {
    expect(scan([Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x0a, 0x62])]).lines).toEqual([
      ["a\ufffd\ufffd\u0000", false],
      ["b", false],
    ]);
  });
});

describe("a log is decoded", () => {
  const text = "Zürich\r\nTōkyō\n";
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  const swapped = Buffer.from(utf16).swap16();

  async function decoded(bytes: Buffer, size: number): Promise<string> {
    async function* chunks(): AsyncGenerator<Buffer> {
      const lent = Buffer.alloc(size);
      for (const chunk of cut(bytes, size)) {
        await Promise.resolve();
        yield lent.subarray(0, chunk.copy(lent));
      }
    }
    const parts: Buffer[] = [];
    for await (const part of decodeLog(chunks())) {
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts).toString("utf8");
  }

  test.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16", utf16],
    ["UTF-16, the other way round", swapped],
    ["gzip", gzipSync(text)],
    ["two gzip files in one", Buffer.concat([gzipSync(text.slice(0, 5)), gzipSync(text.slice(5))])],
    ["UTF-16 in gzip", gzipSync(utf16)],
  ])("%s, whole and byte by byte", async (_name, bytes) => {
    expect(await decoded(bytes, 1 << 16)).toBe(text);
    expect(await decoded(bytes, 1)).toBe(text);
  });

  test.each(["", "a", "ab"])("%j is short, and nothing is lost", async (short) => {
    expect(await decoded(Buffer.from(short), 1)).toBe(short);
  });

  test("gzip that breaks off gives what there is, and then says so", async () => {
    const packed = gzipSync("line\n".repeat(100_000));

    await expect(decoded(packed.subarray(0, packed.length / 2), 64)).rejects.toMatchObject({
      code: "Z_BUF_ERROR",
    });
  });
});

describe("a timeline", () => {
  test("has at most 48 steps, and every event in its own", () => {
    const timeline = createTimeline();
    for (const minute of [500, 0, 1, 1, 499]) {
      timeline.add(minute * 60_000, 1);
    }

    expect(timeline.stepMs).toBe(15 * 60_000);
    expect(timeline.startMs).toBe(0);
    expect(timeline.steps()).toEqual([3, ...Array.from({ length: 32 }, () => 0), 2]);
  });

  test("spans years", () => {
    const timeline = createTimeline();
    timeline.add(0, 1);
    timeline.add(Date.parse("2024-05-01T00:00:00Z"), 2);

    expect(timeline.steps().length).toBeLessThanOrEqual(48);
    expect(timeline.steps().reduce((sum, count) => sum + count, 0)).toBe(3);
  });
});
