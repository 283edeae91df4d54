import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { followFile } from "../../src/ingest/logs/follow-file.ts";
import { eventually } from "../fakes/eventually.ts";

const patience = { timeout: 10_000, interval: 5 };

/** Follows a file of its own; `text()` is what has come so far. */
function start({ fromStart = false, content }: { readonly fromStart?: boolean; readonly content?: string }) {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-follow-"));
  const path = join(dir, "auth.log");
  if (content !== undefined) {
    writeFileSync(path, content);
  }
  const stop = new AbortController();
  let text = "";
  let pauses = 0;
  const options = {
    path,
    fromStart,
    signal: stop.signal,
    /** Asked for each time when it has looked and found nothing more. */
    get pollMs() {
      pauses += 1;
      return 5;
    },
  };
  const following = (async () => {
    for await (const chunk of followFile(options)) {
      text += chunk.toString("utf8");
    }
  })();
  onTestFinished(async () => {
    stop.abort();
    await following;
    rmSync(dir, { recursive: true });
  });
  return {
    path,
    text: () => text,
    pauses: () => pauses,
    stop: async () => {
      stop.abort();
      await following;
    },
  };
}

describe("following a file", () => {
  test("passes on what is appended, also in parts of lines, and not what was there", async () => {
    const { path, text } = start({ content: "old\n" });
    // Where its end is found is told by the first of these that comes.
    await eventually("the end of the file", () => {
      appendFileSync(path, "x\n");
      return text() !== "";
    });
    appendFileSync(path, "par");
    await eventually("part of a line", () => text().endsWith("par"));
    const before = text();
    appendFileSync(path, "t\n");

    await expect.poll(text, patience).toBe(`${before}t\n`);
    expect(before).toMatch(/^(?:x\n)+par$/);
  });

  test("from its start", async () => {
    const { path, text } = start({ fromStart: true, content: "old\n" });
    await expect.poll(text, patience).toBe("old\n");
    appendFileSync(path, "new\n");

    await expect.poll(text, patience).toBe("old\nnew\n");
  });

  test("that comes later is read from its start", async () => {
    const { path, text, pauses } = start({});
    await eventually("that it was looked for in vain", () => pauses() > 0);
    writeFileSync(path, "a\n");

    await expect.poll(text, patience).toBe("a\n");
  });

  test("that is renamed is read to its end, and the one in its place from its start", async () => {
    const { path, text } = start({ fromStart: true, content: "a\n" });
    await expect.poll(text, patience).toBe("a\n");
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, "late\n");
    await expect.poll(text, patience).toBe("a\nlate\n");
    appendFileSync(`${path}.1`, "no end");
    writeFileSync(path, "b\n");

    await expect.poll(text, patience).toBe("a\nlate\nno end\nb\n");
  });

  test("that is copied and emptied is read from its start again", async () => {
    const { path, text } = start({ fromStart: true, content: "first line\nno end" });
    await expect.poll(text, patience).toBe("first line\nno end");
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    await expect.poll(text, patience).toBe("first line\nno end\n");
    appendFileSync(path, "b\n");

    await expect.poll(text, patience).toBe("first line\nno end\nb\n");
  });

  test("that is emptied and at once longer than before is read from its start again", async () => {
    const { path, text } = start({ fromStart: true, content: "a\n" });
    await expect.poll(text, patience).toBe("a\n");
    writeFileSync(path, "another line, longer than all before\n");

    await expect.poll(text, patience).toBe("a\nanother line, longer than all before\n");
  });

  test("ends when it is told to, though the file is not there", async () => {
    const { stop, text } = start({});
    await stop();

    expect(text()).toBe("");
  });
});
