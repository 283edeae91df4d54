import { describe, expect, test } from "vitest";
import { sampleAlert, t0 } from "../fakes/samples.ts";
import { describeStore } from "../fakes/store-engines.ts";

describeStore("a database of another version", (engine) => {
  /** One that this version has made, before somebody's `statements`. */
  async function made(statements: string): Promise<string> {
    const databaseUrl = await engine.newDatabase();
    const store = await engine.open(databaseUrl);
    await store.close();
    await engine.tamper(databaseUrl, statements);
    return databaseUrl;
  }

  describe("is refused when it is opened", () => {
    test.each([
      { what: "a column is missing", statements: "alter table holds drop column cause" },
      { what: "a table is missing", statements: "drop table receipts" },
      {
        what: "a column is there that nobody fills",
        statements:
          "alter table alerts drop column row_count; alter table alerts add column row_count integer; drop table receipts; create table receipts (seq bigint, at bigint, kind text, subject text, actor text, body text, previous text, hash text, signed text not null)",
      },
      {
        what: "tables of an earlier state are there that are made later now",
        statements: "delete from portcullis_migrations where name = '0007-people'",
      },
      {
        what: "its parts were made under other names",
        statements: "update portcullis_migrations set name = '0002-choices' where name = '0002-decisions'",
      },
    ])("$what", async ({ statements }) => {
      const databaseUrl = await made(statements);

      await expect(engine.open(databaseUrl)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: false,
        message: expect.stringMatching(
          /was made by an earlier, unreleased version: move it away and start anew$/,
        ),
      });
    });

    test("a newer one", async () => {
      const databaseUrl = await made(
        "insert into portcullis_migrations (name, timestamp) values ('9999-future', '2099-01-01T00:00:00.000Z')",
      );

      await expect(engine.open(databaseUrl)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: false,
        message: expect.stringContaining("was made by a newer version"),
      });
    });
  });

  test("a table of another program beside ours is no reason", async () => {
    const databaseUrl = await made("create table somebodys (name text not null)");

    const store = await engine.open(databaseUrl);

    expect(await store.insertAlerts([sampleAlert("al_1")])).toEqual([true]);
    expect(await store.counts(t0)).toMatchObject({ alerts: 1 });
  });
});
