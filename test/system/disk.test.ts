import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/record/open-store.ts";
import { eventually } from "../fakes/eventually.ts";
import { sampleAlert } from "../fakes/samples.ts";
import { skipSystemTests } from "./namespaces.ts";
import { type PortcullisProcess, runPortcullis } from "./run-process.ts";

const skipped = skipSystemTests();
const token = "disk-token-disk-token";

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-disk-"));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** A disk of its own of this size. */
function smallDisk(size: string): string {
  const dir = temporaryDir();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir]);
  onTestFinished(() => {
    execFileSync("umount", ["--lazy", dir]);
  });
  return dir;
}

function serve(dataDir: string): PortcullisProcess {
  const settings = { HOST: "127.0.0.1", PORT: "0", DATA_DIR: dataDir, WEBHOOK_TOKEN: token };
  const started = runPortcullis(["serve"], settings, temporaryDir());
  onTestFinished(async () => {
    started.child.kill("SIGKILL");
    await started.ended;
  });
  return started;
}

async function post(url: string, sid: string, size = 10) {
  const answer = await fetch(`${url}/webhooks/splunk/${token}`, {
    method: "POST",
    body: JSON.stringify({ sid, search_name: "s", result: { _raw: "x".repeat(size) } }),
  });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: await answer.text() };
}

/** By the sids that are on record. */
async function isStored(url: string, sids: readonly string[]): Promise<boolean> {
  const again = await Promise.all(sids.map((sid) => post(url, sid, 100_000)));
  return again.every(({ status, text }) => status === 202 && text.includes("duplicate"));
}

/** Alerts on the disk of a receiver that has ended. */
async function filledDir(): Promise<string> {
  const dir = temporaryDir();
  const store = await openStore({ databaseUrl: `sqlite:${join(dir, "portcullis.db")}` });
  const rows = [[["_raw", ["x".repeat(10_000)]]]] as const;
  await store.insertAlerts(Array.from({ length: 60 }, (_, n) => sampleAlert(`al_${n}`, { rows })));
  await store.close();
  return dir;
}

describe("a full disk", () => {
  test.skipIf(skipped !== null)(
    "while it runs: 503, nothing acknowledged is lost, and it goes on when there is space",
    async () => {
      const dir = smallDisk("4m");
      const first = serve(dir);
      const url = await first.listening;
      const taken: string[] = [];
      const refused = await eventually("a refusal", async () => {
        const sid = `a${taken.length}`;
        const answer = await post(url, sid, 100_000);
        if (answer.status === 202) {
          taken.push(sid);
          return undefined;
        }
        return answer;
      });

      expect(refused).toMatchObject({ status: 503, retryAfter: "5" });
      expect(JSON.parse(refused.text)).toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(first.err()).toMatch(/the store can't commit.*|.*(?:free space on its disk|check the disk)/);
      expect(taken.length).toBeGreaterThan(5);
      first.child.kill("SIGKILL");
      await first.ended;
      execFileSync("mount", ["-o", "remount,size=64m", dir]);

      const second = serve(dir);
      const anew = await second.listening;
      expect(await isStored(anew, taken)).toBe(true);
      expect(await post(anew, "new", 100_000)).toMatchObject({ status: 202 });
    },
  );

  test.skipIf(skipped !== null)("at the start: a sentence, exit code 1", async () => {
    const dir = smallDisk("64k");
    writeFileSync(join(dir, "filler"), Buffer.alloc(40 * 1024));

    const { ended, err } = serve(dir);

    expect(await ended).toBe(1);
    expect(err()).toMatch(/(?:STORE_UNAVAILABLE|CONFIG_INVALID).*(?:space|full|disk)/);
    expect(err()).not.toContain("has a bug");
  });
});

test.skipIf(skipped !== null)(
  "a read-only disk at the start: a sentence, exit code 1, nothing changed",
  async () => {
    const dir = smallDisk("16m");
    const first = serve(dir);
    await post(await first.listening, "1");
    first.child.kill("SIGTERM");
    await first.ended;
    const before = readFileSync(join(dir, "portcullis.db"));
    execFileSync("mount", ["-o", "remount,ro", dir]);

    const { ended, err } = serve(dir);

    expect(await ended).toBe(1);
    expect(err()).toMatch(/read-?only/i);
    expect(err()).not.toContain("has a bug");
    expect(readFileSync(join(dir, "portcullis.db")).equals(before)).toBe(true);
  },
);

describe("a damaged database", () => {
  test.each([
    {
      name: "cut to half",
      damage: (path: string) => ({
        at: 0,
        bytes: readFileSync(path).subarray(0, statSync(path).size / 2),
        isWhole: true,
      }),
    },
    {
      name: "random bytes from its second page on",
      damage: (path: string) => ({
        at: 4096,
        bytes: crypto.getRandomValues(Buffer.alloc(Math.min(65_536, statSync(path).size - 4096))),
        isWhole: false,
      }),
    },
    {
      name: "zeros",
      damage: (path: string) => ({ at: 0, bytes: Buffer.alloc(statSync(path).size), isWhole: true }),
    },
    {
      name: "another kind of file",
      damage: () => ({
        at: 0,
        bytes: Buffer.from("not a database, but a text that is long enough".repeat(20)),
        isWhole: true,
      }),
    },
  ])(
    "$name: a sentence that says what to do, exit code 1, and the file is left as it is",
    async ({ damage }) => {
      const dir = await filledDir();
      const path = join(dir, "portcullis.db");
      const { at, bytes, isWhole } = damage(path);
      if (isWhole) {
        writeFileSync(path, bytes);
      } else {
        const file = openSync(path, "r+");
        writeSync(file, bytes, 0, bytes.length, at);
        closeSync(file);
      }
      const damaged = readFileSync(path);

      const { ended, err } = serve(dir);

      expect(await ended).toBe(1);
      expect(err()).toMatch(
        /^STORE_UNAVAILABLE: SQLite .*(?:restore the file from a backup|names a file that is something else)$/m,
      );
      expect(readFileSync(path).equals(damaged)).toBe(true);
    },
  );
});

test("a database that is damaged while it runs: 503 and a line that says so, never a 202 for what is lost", async () => {
  const dir = await filledDir();
  const receiver = serve(dir);
  const url = await receiver.listening;
  const path = join(dir, "portcullis.db");
  const file = openSync(path, "r+");
  const size = statSync(path).size;
  for (let at = 4096; at < size; at += 4096) {
    writeSync(file, crypto.getRandomValues(Buffer.alloc(4096)), 0, 4096, at);
  }
  closeSync(file);

  const refused = await eventually("a refusal", async () => {
    const answer = await post(url, crypto.randomUUID(), 200_000);
    return answer.status === 202 ? undefined : answer;
  });

  expect(refused.status).toBe(503);
  expect(receiver.err()).toContain("restore the file from a backup");
  expect(receiver.child.exitCode).toBeNull();
});
