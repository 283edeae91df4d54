import { describe, expect, test } from "vitest";
import { patient, splunkDesk } from "./splunk-desk.ts";

describe("saved searches with a webhook", () => {
  test("are found in every app, of every owner, over all pages; others are left out", async () => {
    const { splunk, api } = await splunkDesk();
    for (let number = 0; number < 205; number += 1) {
      splunk.addSearch({ name: `search ${number}`, app: `app ${number % 3}`, owner: "soc" });
    }
    splunk.addSearch({ name: "mail only", content: { "action.webhook": "0" } });

    const found = await api.webhookSearches(patient);

    expect(found).toHaveLength(205);
    expect(found[1]).toEqual({
      name: "search 1",
      app: "app 1",
      owner: "soc",
      url: "https://portcullis.example.net/webhooks/splunk/a-secret-token-1234",
      ownAction: null,
      isScheduled: true,
      cron: "*/5 * * * *",
      nextRunAt: new Date("2026-11-20T12:05:00Z"),
      isDigest: true,
      firesAbove: 0,
    });
  });

  test("or with our own alert action are found, with what its form says as far as it can be read", async () => {
    const { splunk, api } = await splunkDesk();
    const form = {
      "action.webhook": "0",
      "action.portcullis_block": "1",
      "action.portcullis_block.param.fields": " src_ip, ,Source IP",
      "action.portcullis_block.param.severity": "High",
      "action.portcullis_block.param.mode": "block everybody",
      "action.portcullis_block.param.note": "ask the SOC",
    };
    splunk.addSearch({ name: "a", content: form });
    splunk.addSearch({ name: "b", content: { ...form, "action.portcullis_block": "0" } });
    splunk.addSearch({ name: "c", content: { "action.portcullis_block": true } });

    expect(await api.webhookSearches(patient)).toMatchObject([
      {
        name: "a",
        url: null,
        ownAction: {
          settings: {
            fields: ["src_ip", "Source IP"],
            severity: "high",
            mode: "approve",
            note: "ask the SOC",
          },
        },
      },
      {
        name: "c",
        url: "https://portcullis.example.net/webhooks/splunk/a-secret-token-1234",
        ownAction: { settings: null },
      },
    ]);
  });

  test("are told apart also where Splunk does not filter", async () => {
    const { splunk, api } = await splunkDesk();
    const entry = (name: string, webhook: unknown) => ({
      name,
      acl: null,
      content: { "action.webhook": webhook },
    });
    splunk.failNext({
      kind: "body",
      body: JSON.stringify({
        entry: [entry("a", true), entry("b", "1"), entry("c", false), entry("d", null)],
      }),
    });

    expect(await api.webhookSearches(patient)).toMatchObject([
      { name: "a", app: "search", owner: "nobody", isScheduled: false, cron: null, nextRunAt: null },
      { name: "b", firesAbove: null },
    ]);
  });

  test.each([
    [{ alert_type: "always" }, -1],
    [{ alert_type: "number of events", alert_comparator: "greater than", alert_threshold: "4" }, 4],
    [{ alert_type: "number of results", alert_comparator: "greater than", alert_threshold: "0" }, 0],
    [{ alert_comparator: "not equal to", alert_threshold: "0" }, 0],
    [{ alert_comparator: "not equal to", alert_threshold: "3" }, null],
    [{ alert_comparator: "less than", alert_threshold: "5" }, null],
    [{ alert_comparator: "equal to", alert_threshold: "5" }, null],
    [{ alert_comparator: "rises by", alert_threshold: "5" }, null],
    [{ alert_threshold: "5%" }, null],
    [{ alert_threshold: "" }, null],
    [{ alert_type: "number of hosts" }, null],
    [{ alert_type: "custom" }, null],
    [{ "alert.suppress": true }, null],
    [{ "alert.suppress": "1", alert_type: "always" }, null],
  ])("fire by the condition %o above %s results", async (content, firesAbove) => {
    const { splunk, api } = await splunkDesk();
    splunk.addSearch({ name: "a", content });

    expect((await api.webhookSearches(patient))[0]?.firesAbove).toBe(firesAbove);
  });

  test.each([
    [{ is_scheduled: "0" }, { isScheduled: false }],
    [{ is_scheduled: true, disabled: "1" }, { isScheduled: false }],
    [{ "alert.digest_mode": "0" }, { isDigest: false }],
    [{ "alert.digest_mode": false }, { isDigest: false }],
    [{ "alert.digest_mode": "1" }, { isDigest: true }],
    [{ next_scheduled_time: "2026-11-20 13:05:00 CET" }, { nextRunAt: null }],
    [{ next_scheduled_time: "" }, { nextRunAt: null }],
    [{ next_scheduled_time: "2026-11-20T13:05:00+01:00" }, { nextRunAt: new Date("2026-11-20T12:05:00Z") }],
  ])("say by %o that they are %o", async (content, expected) => {
    const { splunk, api } = await splunkDesk();
    splunk.addSearch({ name: "a", content });

    expect(await api.webhookSearches(patient)).toMatchObject([expected]);
  });

  test("that may not be read are named as that", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.forbid(/saved\/searches/);

    await expect(api.webhookSearches(patient)).rejects.toMatchObject({
      code: "SPLUNK_FORBIDDEN",
      message: expect.stringContaining("does not let this user read the saved searches (HTTP 403)"),
    });
  });
});

describe("the runs of a search", () => {
  test.each(["SSH brute force", "50% of a/b + c?d#e", "München ☂", "../../admin", "a%2Fb"])(
    "called %j are found, newest first, with their results",
    async (name) => {
      const { splunk, api } = await splunkDesk();
      const search = { name, app: "security monitoring", owner: "soc@example.com" };
      splunk.addSearch(search);
      const run = (minute: number, rows: number) => ({
        sid: `scheduler__soc__x__RMD5a_at_17600${minute}0000_1`,
        searchName: name,
        app: search.app,
        owner: search.owner,
        rows: Array.from({ length: rows }, () => ({ a: "b" })),
        startedAt: new Date(`2026-11-20T12:0${minute}:00Z`),
      });
      splunk.addJob(run(1, 0));
      splunk.addJob({ ...run(3, 2), state: "running" });
      splunk.addJob({ ...run(2, 7), state: "failed" });
      splunk.addJob({ ...run(4, 1), searchName: "another" });

      const runs = await api.history(search, patient);

      expect(runs).toMatchObject([
        { state: "running", resultCount: 2, startedAt: new Date("2026-11-20T12:03:00Z") },
        { state: "failed", resultCount: 7 },
        { state: "done", resultCount: 0, searchName: name, app: search.app, owner: search.owner },
      ]);
      expect(runs.every(({ sid }) => sid.startsWith("scheduler__soc__x__"))).toBe(true);
    },
  );

  test("whose time ended meanwhile are left out", async () => {
    const { splunk, api } = await splunkDesk();
    const search = { name: "a", app: "search", owner: "admin" };
    splunk.addSearch(search);
    for (const sid of ["1760000400.1", "1760000500.2"]) {
      splunk.addJob({ sid, searchName: "a", rows: [] });
    }
    splunk.failNext(
      { kind: "status", status: 404, body: '{"messages":[{"type":"FATAL","text":"Unknown sid."}]}' },
      /jobs\/1760000500\.2\?/,
    );

    expect(await api.history(search, patient)).toMatchObject([{ sid: "1760000400.1" }]);
  });

  test("that say themselves how many results they had are not asked for one by one", async () => {
    const { splunk, api } = await splunkDesk();
    const name = "scheduler__admin__search__x_at_1760000400_1";
    const content = { isDone: true, resultCount: "3", start: "1760000401.5" };
    splunk.failNext({ kind: "body", body: JSON.stringify({ entry: [{ name, content }] }) });

    expect(await api.history({ name: "a", app: "b", owner: "c" }, patient)).toEqual([
      {
        sid: name,
        searchName: "a",
        app: null,
        owner: null,
        state: "done",
        resultCount: 3,
        startedAt: new Date(1760000401500),
      },
    ]);
    expect(splunk.requests).toHaveLength(1);
  });

  test("of a search that is gone, and of one that no path can name", async () => {
    const { splunk, api } = await splunkDesk();
    const gone = { name: "gone", app: "search", owner: "admin" };

    await expect(api.history(gone, patient)).rejects.toMatchObject({ code: "SPLUNK_UNKNOWN_SID" });
    await expect(api.history({ ...gone, name: ".." }, patient)).rejects.toMatchObject({
      code: "SPLUNK_REJECTED",
    });
    expect(splunk.requests).toHaveLength(1);
  });
});

describe("a run", () => {
  const sid = "scheduler__admin__search__x_at_1760000400_1";

  test("tells its search and its state", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: "SSH brute force", owner: "soc", rows: [{ a: "b" }] });

    expect(await api.job(sid, patient)).toEqual({
      sid,
      searchName: "SSH brute force",
      app: "search",
      owner: "soc",
      state: "done",
      resultCount: 1,
      startedAt: new Date("2026-11-20T12:00:00Z"),
    });
  });

  test.each([
    [{ isDone: "1", isFailed: "0" }, "done"],
    [{ isDone: "0" }, "running"],
    [{ isDone: true, isFailed: true }, "failed"],
    [{ isZombie: "1" }, "failed"],
    [{ dispatchState: "FAILED" }, "failed"],
    [{ dispatchState: "DONE" }, "done"],
    [{}, "running"],
  ])("that says %o is %s; its start stands in its sid too", async (content, state) => {
    const { splunk, api } = await splunkDesk();
    splunk.failNext({ kind: "body", body: JSON.stringify({ entry: [{ name: "search x", content }] }) });

    expect(await api.job(sid, patient)).toEqual({
      sid,
      searchName: null,
      app: null,
      owner: null,
      state,
      resultCount: 0,
      startedAt: new Date(1760000400000),
    });
  });

  test("in an answer without one is not as documented", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.failNext({ kind: "body", body: '{"entry":[]}' });

    await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_ANSWER_INVALID" });
  });
});
