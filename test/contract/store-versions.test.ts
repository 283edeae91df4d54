import { describe, expect, test } from "vitest";
import { ip, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore } from "../fakes/store-engines.ts";

const sampleSighting = { ip: ip("203.0.113.9"), count: 1, fields: ["src_ip"], severity: null };

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

  test("the version before events and settings of alerts is brought up to date, and what waits there is sent", async () => {
    const databaseUrl = await engine.newDatabase();
    const before = await engine.open(databaseUrl);
    await before.insertAlerts([sampleAlert("al_1")]);
    await before.recordSightings("al_1", [sampleSighting], t0);
    await before.raiseAlarm({ key: "k", message: "m", advice: "a" }, ["email"], t0);
    await before.close();
    await engine.tamper(
      databaseUrl,
      `drop index notifications_waiting;
      create index notifications_waiting on notifications (due_at) where due_at is not null;
      alter table notifications drop column body;
      alter table alerts drop column settings;
      alter table sightings drop column asked_mode;
      alter table recoveries drop column settings;
      delete from portcullis_migrations where name >= '0009'`,
    );

    const store = await engine.open(databaseUrl);

    expect(await store.claimNotifications("email", sampleClaim())).toMatchObject([
      { subject: { kind: "alarm" }, event: null },
    ]);
    expect((await store.alert("al_1"))?.alert).toEqual(sampleAlert("al_1"));
    expect(await store.claimSightings(sampleClaim())).toMatchObject([{ alertId: "al_1", askedMode: null }]);
  });

  test("a table of another program beside ours is no reason", async () => {
    const databaseUrl = await made("create table somebodys (name text not null)");

    const store = await engine.open(databaseUrl);

    expect(await store.insertAlerts([sampleAlert("al_1")])).toEqual([true]);
    expect(await store.counts(t0)).toMatchObject({ alerts: 1 });
  });
});
