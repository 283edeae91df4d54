import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { openStore } from "../../src/record/open-store.ts";
import { sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describePostgres, temporaryDirectory } from "../fakes/store-engines.ts";

const fake = join(import.meta.dirname, "../fakes/hold-store.ts");
const isRoot = process.getuid?.() === 0;
const required = process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1";

// Typed: vitest's own matchers are `any`.
const textWith = (part: string): unknown => expect.stringContaining(part);
const textLike = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const textWithout = (pattern: RegExp): unknown => expect.not.stringMatching(pattern);

/** A process that opens the database. @returns its pid, the first line it says, and a way to end it with SIGKILL */
async function holdInChild(databaseUrl: string) {
  const child = spawn(process.execPath, [fake, databaseUrl], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  const said: unknown[] = await once(child.stdout.setEncoding("utf8"), "data");
  return { pid: child.pid, said: String(said[0]).trim(), kill };
}

describe("a SQLite store", () => {
  test("refuses a second process, and names the first one", async () => {
    const path = join(temporaryDirectory(), "portcullis.db");
    const databaseUrl = `sqlite:${path}`;
    const store = await openStore({ databaseUrl });
    onTestFinished(() => store.close());

    const second = await holdInChild(databaseUrl);

    expect(second.said).toBe(
      `${path} is in use by another process (pid ${process.pid}). Stop that one first; for several replicas set DATABASE_URL to a PostgreSQL database.`,
    );
    expect(await store.insertAlerts([sampleAlert("al_1")])).toEqual([true]);
  });

  test("is free again at once when the process that had it was killed, with all that was accepted", async () => {
    const databaseUrl = `sqlite:${join(temporaryDirectory(), "portcullis.db")}`;
    const before = await openStore({ databaseUrl });
    await before.insertAlerts([sampleAlert("al_1")]);
    await before.close();
    const first = await holdInChild(databaseUrl);
    expect(first.said).toBe("open");

    await expect(openStore({ databaseUrl })).rejects.toMatchObject({
      code: "STORE_IN_USE",
      retryable: false,
      message: textWith(`(pid ${first.pid})`),
    });
    await first.kill();
    const store = await openStore({ databaseUrl });
    onTestFinished(() => store.close());

    expect(await store.claimAlerts(sampleClaim())).toHaveLength(1);
  });

  test("refuses to open twice in one process, and the first one goes on", async () => {
    const databaseUrl = `sqlite:${join(temporaryDirectory(), "portcullis.db")}`;
    const store = await openStore({ databaseUrl });
    onTestFinished(() => store.close());

    await expect(openStore({ databaseUrl })).rejects.toMatchObject({ code: "STORE_IN_USE" });

    expect((await holdInChild(databaseUrl)).said).toContain("is in use by another process");
    expect(await store.insertAlerts([sampleAlert("al_1")])).toEqual([true]);
  });

  test("can be read by its owner alone", async () => {
    const directory = join(temporaryDirectory(), "data");
    const store = await openStore({ databaseUrl: `sqlite:${join(directory, "portcullis.db")}` });
    onTestFinished(() => store.close());
    await store.insertAlerts([sampleAlert("al_1")]);

    const modeOf = (name: string): number => statSync(join(directory, name)).mode & 0o777;

    expect(modeOf("")).toBe(0o700);
    for (const suffix of ["", "-wal", "-shm", "-lock"]) {
      expect(modeOf(`portcullis.db${suffix}`)).toBe(0o600);
    }
  });

  test("in memory needs no file", async () => {
    const store = await openStore({ databaseUrl: "sqlite::memory:" });
    onTestFinished(() => store.close());

    expect(await store.insertAlerts([sampleAlert("al_1")])).toEqual([true]);
    expect((await store.counts(t0)).alerts).toBe(1);
  });

  test("says what is wrong with a file that is something else, and leaves it alone", async () => {
    const path = join(temporaryDirectory(), "portcullis.db");
    writeFileSync(
      path,
      "This is not a database, it is a text that is long enough to be taken for none.".repeat(50),
    );

    chmodSync(path, 0o644);

    await expect(openStore({ databaseUrl: `sqlite:${path}` })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: `SQLite ${path}: file is not a database; DATABASE_URL names a file that is something else`,
    });
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test.skipIf(!isRoot && !required)(
    "on a full disk accepts nothing, loses nothing, and goes on when there is space",
    async () => {
      const directory = temporaryDirectory();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", directory]);
      onTestFinished(() => {
        execFileSync("umount", ["--lazy", directory]);
      });
      const store = await openStore({ databaseUrl: `sqlite:${join(directory, "portcullis.db")}` });
      onTestFinished(() => store.close());
      const big = (id: string) => sampleAlert(id, { rows: [[["_raw", ["x".repeat(100_000)]]]] });
      let accepted = 0;
      const fill = async (): Promise<never> => {
        for (;;) {
          await store.insertAlerts([big(`al_${accepted}`)]);
          accepted += 1;
        }
      };

      await expect(fill()).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: true,
        message: textLike(
          /^SQLite .*; (?:free space on its disk; what was accepted before is safe|check the disk it is on)$/,
        ),
      });
      await expect(
        store.recordSightings("al_0", [], t0).then(() => store.insertAlerts([big("al_x")])),
      ).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      execFileSync("mount", ["-o", "remount,size=64m", directory]);

      expect(await store.insertAlerts([big(`al_${accepted}`)])).toEqual([true]);
      expect((await store.counts(t0)).alerts).toBe(accepted + 1);
      expect(accepted).toBeGreaterThan(3);
    },
  );
});

describe("a database URL", () => {
  test.each([
    { databaseUrl: "mysql://root:secret@db/x", code: "CONFIG_INVALID" },
    { databaseUrl: "postgres://user:sec/ret@db/x", code: "CONFIG_INVALID" },
    { databaseUrl: "postgres://user:secret@127.0.0.1:1/x", code: "STORE_UNAVAILABLE" },
    { databaseUrl: "postgres://user:secret@nowhere.invalid/x", code: "STORE_UNAVAILABLE" },
    { databaseUrl: "sqlite:portcullis.db", code: "CONFIG_INVALID" },
    { databaseUrl: "sqlite:/dev/null/portcullis.db", code: "STORE_UNAVAILABLE" },
  ])("$databaseUrl gives $code without the password", async ({ databaseUrl, code }) => {
    const opening = openStore({ databaseUrl });

    await expect(opening).rejects.toMatchObject({ code, message: textWithout(/sec.?ret/) });
  });
});

describePostgres(
  "a store",
  (server) => {
    test("whose server was stopped says so, and goes on when it runs again", async () => {
      const databaseUrl = await server().createDatabase();
      const warnings: object[] = [];
      const store = await openStore({ databaseUrl, log: { warn: (fields) => warnings.push(fields) } });
      onTestFinished(() => store.close());
      await store.insertAlerts([sampleAlert("al_1")]);

      await server().stop();

      const unavailable = {
        code: "STORE_UNAVAILABLE",
        retryable: true,
        message: textLike(/^PostgreSQL 127\.0\.0\.1:\d+\/test_\d+: /),
      };
      await expect(store.insertAlerts([sampleAlert("al_2")])).rejects.toMatchObject(unavailable);
      await expect(store.recordSightings("al_1", [], t0)).rejects.toMatchObject(unavailable);
      await expect(store.counts(t0)).rejects.toMatchObject(unavailable);
      expect(warnings).not.toEqual([]);
      expect(JSON.stringify(warnings)).not.toContain("not-checked");

      await server().start();

      expect(await store.insertAlerts([sampleAlert("al_1"), sampleAlert("al_2")])).toEqual([false, true]);
    });

    test("that is in the middle of work when the server stops says so", async () => {
      const store = await openStore({ databaseUrl: await server().createDatabase() });
      onTestFinished(() => store.close());
      await store.insertAlerts([sampleAlert("al_0")]);

      const working = Promise.allSettled(
        Array.from({ length: 200 }, (_, n) => store.recordSightings(`al_${n}`, [], t0)),
      );
      await server().stop();
      const failures = (await working).flatMap((outcome): unknown[] =>
        outcome.status === "rejected" ? [outcome.reason] : [],
      );
      await server().start();

      expect(failures).not.toEqual([]);
      expect(failures.map((error) => error instanceof AppError && error.code)).toEqual(
        failures.map(() => "STORE_UNAVAILABLE"),
      );
      expect((await store.counts(t0)).alerts).toBe(1);
    });

    test("makes its tables once when two replicas start at the same moment", async () => {
      const databaseUrl = await server().createDatabase();

      const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ databaseUrl })));

      onTestFinished(async () => {
        await Promise.all(stores.map((store) => store.close()));
      });
      expect(await Promise.all(stores.map((store) => store.counts(t0)))).toHaveLength(4);
    });
  },
  true,
);
