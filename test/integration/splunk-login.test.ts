import { describe, expect, test } from "vitest";
import { splunkUser } from "../fakes/splunk.ts";
import { gather, manyRows, patient, splunkDesk } from "./splunk-desk.ts";

const sid = "1760000400.12";
const byUser = { login: { kind: "user", ...splunkUser } } as const;

describe("with user and password", () => {
  test("a session is opened once for all who ask at the same time, and used again", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.addJob({ sid, searchName: null, rows: [] });

    await Promise.all(Array.from({ length: 5 }, () => api.job(sid, patient)));
    await api.job(sid, patient);

    expect(splunk.logins()).toBe(1);
    const [logIn, ...others] = splunk.requests;
    expect(logIn).toMatchObject({
      authorization: undefined,
      form: { username: "portcullis", output_mode: "json" },
    });
    expect(new Set(others.map(({ authorization }) => authorization))).toEqual(
      new Set(["Splunk session^key_1"]),
    );
  });

  test("a session that ended is opened again, once for all, and nobody notices", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.addJob({ sid, searchName: null, rows: manyRows(3) });
    await api.job(sid, patient);
    splunk.endSessions();

    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => api.job(sid, patient)),
      gather(api.results(sid, patient)),
    ]);

    expect(answers).toHaveLength(5);
    expect(splunk.logins()).toBe(2);
  });

  test("a session that ended in the middle of the pages costs no row", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.addJob({ sid, searchName: null, rows: manyRows(10_001) });

    let rows = 0;
    for await (const page of api.results(sid, patient)) {
      rows += page.length;
      splunk.endSessions();
    }

    expect(rows).toBe(10_001);
  });

  test("what is refused with a fresh session is refused", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.failNext({ kind: "status", status: 401 }, /\/jobs\//);
    splunk.failNext({ kind: "status", status: 401 }, /\/jobs\//);

    await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_LOGIN_REFUSED" });
    expect(splunk.logins()).toBe(2);
  });

  test("a refused password is not tried again at once, so that Splunk does not lock the user out", async () => {
    let now = 0;
    const wrong = { login: { kind: "user", user: "portcullis", password: "wrong-hunter2" } } as const;
    const { splunk, api } = await splunkDesk({ config: wrong, api: { now: () => now } });

    const refusals = await Promise.all(
      [1, 2, 3].map(() => api.job(sid, patient).catch((error: unknown) => error)),
    );
    const again = await api.job(sid, patient).catch((error: unknown) => error);
    expect(splunk.logins()).toBe(1);
    now = 121_000;
    await api.job(sid, patient).catch(() => undefined);

    expect(splunk.logins()).toBe(2);
    for (const refusal of [...refusals, again]) {
      expect(refusal).toMatchObject({ code: "SPLUNK_LOGIN_REFUSED", retryable: false });
      expect(String(refusal)).not.toContain("hunter2");
    }
  });

  test("Splunk that can't be reached is not taken for a refusal", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.addJob({ sid, searchName: null, rows: [] });
    splunk.failNext({ kind: "cut" }, /login/);

    await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
    expect(await api.job(sid, patient)).toMatchObject({ sid });
  });

  test("whoever no longer waits for the login hears it at once; the others get it", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser, api: { timeoutMs: 60_000 } });
    splunk.addJob({ sid, searchName: null, rows: [] });
    splunk.failNext({ kind: "slow" }, /login/);

    const waiting = api.job(sid, patient);
    await expect(api.job(sid, AbortSignal.timeout(30))).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
    await expect(api.job(sid, AbortSignal.abort())).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
    splunk.release();

    expect(await waiting).toMatchObject({ sid });
    expect(splunk.logins()).toBe(1);
  });

  test("a login that answers without a key is not as documented", async () => {
    const { splunk, api } = await splunkDesk({ config: byUser });
    splunk.failNext({ kind: "body", body: '{"sessionKey":"two\\nlines"}' }, /login/);

    await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_ANSWER_INVALID" });
  });
});

test("a token that is not valid is refused, and not shown", async () => {
  const { api } = await splunkDesk({ config: { login: { kind: "token", token: "hunter2" } } });

  const refusal = await api.job(sid, patient).catch((error: unknown) => error);

  expect(refusal).toMatchObject({
    code: "SPLUNK_LOGIN_REFUSED",
    message: expect.stringMatching(/"call not properly authenticated"\. Check SPLUNK_TOKEN/),
  });
  expect(JSON.stringify(refusal, Object.getOwnPropertyNames(refusal))).not.toContain("hunter2");
});
