import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const tests = join(root, "test/splunk-app");
const isRequired = process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1";
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython && !isRequired) {
  console.warn("python3 is missing: the tests of the Splunk app's alert action are SKIPPED");
}

/** They start the receiver themselves, with this Node, and many short runs of the action: some 30 seconds, more on a busy machine. */
const mostMs = 300_000;

test.skipIf(!hasPython && !isRequired)("the alert action's own tests pass", { timeout: mostMs }, async () => {
  const child = spawn("python3", ["-m", "unittest", "discover", "-s", tests, "-t", tests], {
    // A group of its own, so that its receiver ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      PYTHONPATH: join(root, "splunk-app/bin"),
      PYTHONDONTWRITEBYTECODE: "1",
      PORTCULLIS_TEST_NODE: process.execPath,
    },
  });
  let isOver = false;
  onTestFinished(() => {
    if (!isOver && child.pid !== undefined) {
      process.kill(-child.pid, "SIGKILL");
    }
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exitCode = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  isOver = true;

  if (exitCode !== 0) {
    throw new Error(`python3 -m unittest ended with ${String(exitCode)}:\n${output}`);
  }
  expect(output).toMatch(/Ran [1-9]\d* tests/);
});
