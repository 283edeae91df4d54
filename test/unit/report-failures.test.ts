import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { Host } from "../../src/cli/host.ts";
import { run } from "../../src/cli/program.ts";
import { AppError } from "../../src/domain/errors.ts";

/** What is printed when a command fails like this. */
async function printedFor(failure: Error): Promise<string> {
  let err = "";
  const host: Host = {
    env: {},
    cwd: "/nonexistent",
    hostname: "soc1",
    pid: 1,
    isRoot: false,
    nodePath: "node",
    stopSignal: new AbortController().signal,
    stdin: Readable.from([]),
    out: () => {
      throw failure;
    },
    err: (text) => {
      err += text;
    },
    onCrash: () => undefined,
  };
  expect(await run(["show-config"], host)).toBe(1);
  return err;
}

const evil = "edge-1 (192.0.2.1:22): a\u001b[2J\u009b\u202eb\r";
const harmless = "edge-1 (192.0.2.1:22): a\ufffd[2J\ufffd\ufffdb\ufffd";

test("what a host said reaches the terminal without what it would obey; a message may have several lines", async () => {
  const failure = new AppError("FIREWALL_COMMAND_FAILED", `${evil}\nsecond line`, { retryable: true });

  expect(await printedFor(failure)).toBe(`FIREWALL_COMMAND_FAILED: ${harmless}\nsecond line\n`);
});

test("nor does what a bug's message quotes", async () => {
  expect(await printedFor(new Error(evil))).toContain(`Portcullis has a bug: Error: ${harmless}\n`);
});
