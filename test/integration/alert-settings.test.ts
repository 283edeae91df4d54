import { describe, expect, test } from "vitest";
import { z } from "zod";
import { prefixOf } from "../../src/domain/ip-address.ts";
import type { Log } from "../../src/ports.ts";
import { eventually } from "../fakes/eventually.ts";
import { ip } from "../fakes/samples.ts";
import { signText } from "../fakes/sign-delivery.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { MemorySplunk } from "../fakes/splunk-api.ts";
import { runApp, type RunningApp } from "./run-app.ts";
import { receivedAt, signingSecrets, startReceiver } from "./start-receiver.ts";

const attacker = ip("91.0.0.1");
const other = ip("91.0.0.2");
const sid = "scheduler__admin__search__RMD5_at_1760000400_12";
const Taken = z.object({ alertId: z.string(), status: z.string(), addresses: z.number() });

/** What our own alert action sends. */
const body = (settings: object | undefined, rows: readonly object[] = [{ src_ip: attacker }]): object => ({
  sid,
  search_name: "SSH brute force",
  app: "search",
  owner: "admin",
  results_link: null,
  results: rows,
  ...(settings === undefined ? {} : { settings }),
});

async function startKnowing(...bad: readonly string[]): Promise<RunningApp> {
  const app = await runApp();
  for (const address of bad) {
    app.provider.known.set(address, 8);
  }
  return app;
}

/** The decisions, newest first, when there are so many. */
const decisionsOf = ({ store }: RunningApp, count = 1) =>
  eventually(`${count} decisions`, async () => {
    const { items } = await store.listDecisions({ limit: 10, cursor: null });
    return items.length >= count ? items : undefined;
  });

const isBlocked = ({ firewall }: RunningApp, address: typeof attacker) =>
  firewall.entries.has(prefixOf(address));

describe("a signed alert to a receiver in mode enforce", () => {
  test("that asks for mode observe blocks nobody, says so, and keeps nobody else from blocking", async () => {
    const app = await startKnowing(attacker);
    const note = "Our own scanner?\u202e <b>";

    await app.postSigned(body({ mode: "observe", note }));
    const [observed] = await decisionsOf(app);
    const [story] = await eventually("the mail", () =>
      app.notifier.stories.length > 0 ? app.notifier.stories : null,
    );
    const before = isBlocked(app, attacker);
    await app.postSigned(body(undefined));
    await eventually("the block", () => isBlocked(app, attacker));

    expect(observed).toMatchObject({ action: "block", mode: "observe", inputs: { askedMode: "observe" } });
    expect(observed?.reasons).toContain("the alert asks for mode observe: nothing is blocked because of it");
    expect(before).toBe(false);
    expect(story?.alert.settings?.note).toBe(note);
    expect(story?.enforcements).toEqual([]);
  });

  test("that asks for approval is blocked when a person agrees", async () => {
    const app = await startKnowing(attacker);

    await app.postSigned(body({ mode: "approve" }));
    const [hold] = await decisionsOf(app);
    const answer = await fetch(`${app.app.url()}/api/v1/approvals/${hold?.id}/approve`, {
      method: "POST",
      headers: { Authorization: `Bearer ${app.adminToken}`, "Content-Type": "application/json" },
      body: "{}",
    });

    expect(hold).toMatchObject({ action: "hold", holdCause: "approve" });
    expect(hold?.reasons).toContain("the alert asks for mode approve");
    expect(answer.status).toBe(200);
    await eventually("the block", () => isBlocked(app, attacker));
  });

  test("that asks for observe and is held by a rule blocks nobody either when a person agrees", async () => {
    const app = await startKnowing();
    app.provider.known.set(attacker, 3);

    await app.postSigned(body({ mode: "observe" }));
    const [hold] = await decisionsOf(app);
    await fetch(`${app.app.url()}/api/v1/approvals/${hold?.id}/approve`, {
      method: "POST",
      headers: { Authorization: `Bearer ${app.adminToken}`, "Content-Type": "application/json" },
      body: "{}",
    });
    const [approved] = await decisionsOf(app, 2);

    expect(hold).toMatchObject({ action: "hold", holdCause: "rule", mode: "observe" });
    expect(approved).toMatchObject({ action: "block", mode: "observe" });
    expect(isBlocked(app, attacker)).toBe(false);
  });

  test("names its own fields and severity", async () => {
    const app = await startKnowing();
    const rows = [{ src_ip: other, "attacker(s)": attacker }];

    const { body: answer } = await app.postSigned(
      body({ fields: ["attacker(s)"], severity: "critical" }, rows),
    );
    const [first] = await decisionsOf(app, 2);
    const { sightings } = (await app.store.alert(Taken.parse(answer).alertId)) ?? {};

    // Other fields whose whole value is an address are read after those, as ever.
    expect(Taken.parse(answer).addresses).toBe(2);
    expect(sightings).toMatchObject([
      { sighting: { ip: attacker, fields: ["attacker(s)"], severity: "critical" } },
      { sighting: { ip: other, severity: "critical" } },
    ]);
    expect(first?.inputs.severity).toBe("critical");
  });

  test("whose key settings came by the stock webhook, whose token is in Splunk's log, is handled as ever", async () => {
    const app = await startKnowing(attacker);

    const { body: answer } = await app.post(body({ mode: "observe" }));
    await eventually("the block", () => isBlocked(app, attacker));

    const { alert } = (await app.store.alert(Taken.parse(answer).alertId)) ?? {};
    expect(alert).toMatchObject({ settings: null, extras: '{"settings":{"mode":"observe"}}' });
  });

  test("and is sent once more from the store asks for the same", async () => {
    const app = await startKnowing(attacker);
    const { body: answer } = await app.postSigned(body({ mode: "observe", note: "Ask Anna." }));
    await decisionsOf(app);
    const api = async (path: string, init: RequestInit = {}): Promise<unknown> => {
      const headers = { Authorization: `Bearer ${app.adminToken}`, "Content-Type": "application/json" };
      return (await fetch(`${app.app.url()}/api/v1/${path}`, { ...init, headers })).json();
    };
    const stored = z
      .object({ settings: z.object({ mode: z.string(), note: z.string() }).loose() })
      .parse(await api(`alerts/${Taken.parse(answer).alertId}`));

    const again = Taken.parse(
      await api("alerts", {
        method: "POST",
        body: JSON.stringify({
          source: "replay",
          sid: "replay_1",
          searchName: "SSH brute force",
          settings: stored.settings,
          results: [{ src_ip: attacker }],
        }),
      }),
    );

    const [decision] = await decisionsOf(app, 2);
    expect((await app.store.alert(again.alertId))?.alert.settings).toEqual(stored.settings);
    expect(decision?.inputs.askedMode).toBe("observe");
    expect(await api(`decisions/${decision?.id}`)).toMatchObject({
      note: "Ask Anna.",
      inputs: { askedMode: "observe" },
    });
    expect(await api(`addresses/${attacker}`)).toMatchObject({
      sightings: [{ note: "Ask Anna." }, { note: "Ask Anna." }],
    });
    expect(isBlocked(app, attacker)).toBe(false);
  });
});

describe("deliveries of our own alert action", () => {
  test("of one run, one for each row, are alerts of their own; a repeat is none", async () => {
    const app = await startKnowing();
    const one = (n: number) =>
      app.postSigned(body(undefined, [{ src_ip: attacker }]), `${sid}.r${n}.0.00c0ffee`);

    const answers = [await one(0), await one(1), await one(1)].map((answer) => Taken.parse(answer.body));

    expect(answers.map(({ status }) => status)).toEqual(["accepted", "accepted", "duplicate"]);
    expect(new Set(answers.map(({ alertId }) => alertId)).size).toBe(2);
    expect(await app.store.alertsOfSid(sid, ["splunk-action"])).toHaveLength(2);
  });

  test("are never asked back about in Splunk, and those without rows are taken", async () => {
    const splunk = new MemorySplunk();
    const app = await runApp({ splunk, requireGenuine: true });

    const { status, body: answer } = await app.postSigned(body(undefined, []));
    await app.postSigned(body(undefined));
    await decisionsOf(app);

    expect(status).toBe(202);
    expect(Taken.parse(answer).addresses).toBe(0);
    expect(splunk.asked.filter((what) => what.startsWith("job"))).toEqual([]);
    expect(await app.store.counts(new Date())).toMatchObject({ recoveriesWaiting: 0 });
  });

  test("the test of the set-up page is no search that could go silent, nor one without addresses", async () => {
    const app = await startKnowing();
    const testBody = {
      ...body(undefined, [{ src_ip: "127.0.0.1", count: "1" }]),
      search_name: "Portcullis test",
    };

    await app.postSigned(testBody);
    const [decision] = await decisionsOf(app);

    expect(decision).toMatchObject({ action: "ignore" });
    expect(await app.store.searches()).toEqual([]);
    expect(await app.store.searchesWithoutAddresses(new Date(0))).toEqual([]);
    await app.post({ ...testBody, sid: "1760000400.9" });
    await eventually("a search of that name", async () => (await app.store.searches()).length === 1);
  });
});

test("what can't be read of the settings is ignored with one warning, which quotes nothing", async () => {
  const warned: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void warned.push(fields) };
  const { url, store } = await startReceiver({ log });
  const text = JSON.stringify(body({ mode: "\u001b[31mevil", severity: 5, fields: ["src"], note: "x" }));
  const headers = signText(text, { secret: signingSecrets[0] ?? "", id: "1", at: receivedAt });

  const answer = await fetch(`${url}/webhooks/splunk`, { method: "POST", headers, body: text });

  const { alertId } = Taken.parse(await answer.json());
  expect(answer.status).toBe(202);
  expect(warned).toEqual([{ alertId, ignored: ["severity", "mode"] }]);
  expect((await store.alert(alertId))?.alert).toMatchObject({
    settings: { fields: ["src"], severity: null, mode: "approve", note: "x" },
    extras: String.raw`{"settings":{"mode":"\u001b[31mevil","severity":5}}`,
  });
});
