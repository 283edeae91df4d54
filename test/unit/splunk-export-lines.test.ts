import { array, assert, asyncProperty, integer, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines } from "../../src/ingest/splunk-api/export-lines.ts";

async function linesOf(chunks: readonly Uint8Array[], most?: number): Promise<readonly string[]> {
  const all: string[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const lines of readLines("splunk:8089", stream, most)) {
    all.push(...lines);
  }
  return all;
}

/** In pieces of these sizes, again and again. */
function cut(text: string, sizes: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  const pieces: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

describe("lines of a stream", () => {
  test("are the same however the bytes are cut, also within a character", async () => {
    const text = string({ unit: "binary" }).map((line) => line.toWellFormed().replaceAll("\n", ""));
    await assert(
      asyncProperty(
        array(text),
        array(integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (lines, sizes) => {
          const given = await linesOf(cut(lines.join("\n"), sizes));

          expect(given).toEqual(lines.filter((line) => line.trim() !== ""));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("may be as long as is allowed, and not longer, with or without an end", async () => {
    const longest = "x".repeat(1000);

    expect(await linesOf(cut(`${longest}\n${longest}`, [7]), 1000)).toEqual([longest, longest]);
    for (const tooLong of [`${longest}x`, `${longest}x\n`, `a\n${longest}x\nb`]) {
      for (const size of [7, 5000]) {
        await expect(linesOf(cut(tooLong, [size]), 1000)).rejects.toMatchObject({
          code: "SPLUNK_ANSWER_INVALID",
          message: expect.stringContaining("holds a line of more than"),
        });
      }
    }
  });

  test("without end are refused before they are kept", async () => {
    let given = 0;
    const endless = (async function* () {
      for (;;) {
        given += 1;
        yield Buffer.alloc(1000, "x");
      }
    })();

    await expect(readLines("splunk:8089", endless, 10_000).next()).rejects.toMatchObject({
      code: "SPLUNK_ANSWER_INVALID",
    });
    expect(given).toBe(11);
  });
});
