import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { skipSystemTests } from "./namespaces.ts";

const skipped = skipSystemTests();

/** Fills a disk of six pages up to one page less than the new file needs, then adds a key. */
const program = `
  import { statSync, truncateSync, writeFileSync } from "node:fs";
  import { readTrusted, writeTrusted } from "${join(import.meta.dirname, "../../src/cli/trusted-keys.ts")}";
  const dir = process.argv[1];
  const page = statSync(dir).blksize;
  const pins = "fw ssh-ed25519 AAAA trusted\\n".repeat(Math.floor(page / 28));
  writeTrusted(dir, pins.trimEnd());
  const before = readTrusted(dir);
  try { writeFileSync(dir + "/filler", Buffer.alloc(page * 9)); } catch {}
  truncateSync(dir + "/filler", Math.floor(statSync(dir + "/filler").size / page - 1) * page);
  let error = "none";
  try { writeTrusted(dir, "new ssh-ed25519 " + "A".repeat(page)); } catch (thrown) { error = thrown.code + " " + thrown.message; }
  console.log(JSON.stringify({ isWhole: before.length === pins.length, isKept: readTrusted(dir) === before, error }));
`;

test.skipIf(skipped !== null)("a full disk costs no host key that was confirmed", () => {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-pins-"));
  try {
    const mounted = `mount -t tmpfs -o size=24k none "$1" && exec "$2" --input-type=module-typescript -e "$3" "$1"`;
    const argv = ["--mount", "--", "sh", "-c", mounted, "sh", dir, process.execPath, program];
    const { stdout, stderr } = spawnSync("unshare", argv, { encoding: "utf8" });

    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      isWhole: true,
      isKept: true,
      error: expect.stringMatching(/^CONFIG_INVALID .*ENOSPC/),
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
