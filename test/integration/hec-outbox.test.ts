import { beforeEach, describe, expect, test } from "vitest";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import { eventsIn } from "../../src/notify/contents.ts";
import { sendDue } from "../../src/notify/send-due.ts";
import { watchChannel } from "../../src/notify/watch-channel.ts";
import type { Notifier, Store } from "../../src/ports.ts";
import { hecCode, startHec, type Hec } from "../fakes/hec.ts";
import { type KeptLog, keptLog } from "../fakes/kept-log.ts";
import { after, ip, recordOf, sampleDecision, sampleClaim } from "../fakes/samples.ts";
import { openTellingStore } from "../fakes/told-events.ts";
import { hecNotifier, hecServer, hecToken, indexedIds } from "./hec-desk.ts";

let store: Store;
let hec: Hec;
let log: KeptLog;
let notifier: Notifier<ToldEvent>;
/** Seconds after the start. */
let clock = 0;

beforeEach(async () => {
  clock = 0;
  log = keptLog();
  store = await openTellingStore("sqlite::memory:");
  hec = await hecServer();
  notifier = watched(hecNotifier(hec));
});

function watched(one: Notifier<ToldEvent>): Notifier<ToldEvent> {
  return watchChannel(one, { store, channels: ["email"], now: () => after(clock), log });
}

/** One round, so many seconds after the start. @returns milliseconds until the next */
function round(seconds: number, on: Pick<Store, "deleteNotifications"> = store): Promise<number> {
  clock = seconds;
  return sendDue(
    { store, notifier, contents: eventsIn(on), holder: "one", now: () => after(clock), log },
    new AbortController().signal,
  );
}

/** So many decisions at the start. */
async function decide(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, n) => `de_${n}`);
  await Promise.all(
    ids.map((id, n) => {
      const about = { ip: ip(`198.51.${Math.floor(n / 256)}.${n % 256}`), action: "watch" } as const;
      return store.recordDecision(recordOf(sampleDecision(id, about)));
    }),
  );
  return ids.map((id) => `decision:${id}`);
}

const counts = async () => {
  const { notificationsWaiting: waiting, notificationsFailed: failed } = await store.counts(after(clock));
  return { waiting, failed };
};

const mails = async () =>
  (await store.claimNotifications("email", sampleClaim({ now: after(1e7), leaseMs: 0 }))).length;

test("a thousand events go in batches, one after the other without a pause, and are gone from the database", async () => {
  const ids = await decide(1200);

  const pauses = [await round(1), await round(1), await round(1), await round(1)];

  expect(pauses).toEqual([0, 0, 1000, 1000]);
  expect(hec.requests).toHaveLength(3);
  expect(new Set(indexedIds(hec))).toEqual(new Set(ids));
  expect(hec.indexed).toHaveLength(1200);
  expect(await counts()).toEqual({ waiting: 0, failed: 0 });
});

test("also where less than a batch is all that may go in one request", async () => {
  const reasons = Array.from({ length: 10 }, () => "r".repeat(500));
  await Promise.all(
    Array.from({ length: 300 }, (_, n) => {
      const about = { ip: ip(`198.51.100.${n % 256}`), action: "watch", reasons } as const;
      return store.recordDecision(recordOf(sampleDecision(`de_${n}`, about)));
    }),
  );

  expect([await round(1), await round(1), await round(1)]).toEqual([0, 0, 1000]);
  expect(hec.indexed).toHaveLength(300);
});

describe("while Splunk is down", () => {
  test("it is asked now and then and not once per batch; afterwards all arrives", async () => {
    const ids = await decide(1200);
    const { port } = hec;
    await hec.stop();

    const pauses = [await round(0), await round(5), await round(10), await round(15)];
    expect(pauses).toEqual([5000, 5000, 5000, 10_000]);
    expect(await counts()).toEqual({ waiting: 1200, failed: 0 });

    hec = await startHec({ port, token: hecToken });
    try {
      for (let seconds = 100; (await counts()).waiting > 0 && seconds < 110; seconds += 1) {
        await round(seconds);
      }
      expect(new Set(indexedIds(hec))).toEqual(new Set(ids));
    } finally {
      await hec.stop();
    }
  });

  test("a minute is the longest pause, and Splunk's own wish is heard", async () => {
    await decide(1);
    hec.failNext(...Array.from({ length: 6 }, () => hecCode(9)));
    const pauses: number[] = [];
    for (let seconds = 0, n = 0; n < 6; n += 1, seconds += 60) {
      pauses.push(await round(seconds));
    }
    hec.failNext({ kind: "answer", status: 429, body: "", headers: { "Retry-After": "300" } });

    expect(pauses).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(await round(1000)).toBe(300_000);
  });

  test("nothing is given up for three days; then it is counted, in one line of the log", async () => {
    await decide(3);
    hec.failNext(hecCode(8), hecCode(8));

    await round(3 * 86_400 - 120);
    expect(await counts()).toEqual({ waiting: 3, failed: 0 });
    await round(3 * 86_400);

    expect(await counts()).toEqual({ waiting: 0, failed: 3 });
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining('"count":3'),
    ]);
  });
});

test("a crash between sent and recorded repeats the same events, word for word", async () => {
  await decide(2);
  const dying = { deleteNotifications: () => Promise.reject(new Error("the power went")) };
  await expect(round(0, dying)).rejects.toThrow("the power went");

  await round(61);

  const [first, second] = [hec.indexed.slice(0, 2), hec.indexed.slice(2)];
  expect(first).toHaveLength(2);
  expect(second).toEqual(first);
});

test("a connection that is cut after Splunk has indexed them repeats them", async () => {
  const ids = await decide(2);
  hec.failNext({ kind: "cut", isIndexed: true });
  await round(0);
  await round(5);

  expect(indexedIds(hec)).toEqual([...ids, ...ids]);
});

test("an event that Splunk refuses is given up with its name; the others arrive", async () => {
  const ids = await decide(20);
  hec.refuses = ({ event }) => (event["event_id"] === "decision:de_7" ? 13 : null);

  await round(0);

  expect(new Set(indexedIds(hec))).toEqual(new Set(ids.filter((id) => id !== "decision:de_7")));
  expect(await counts()).toEqual({ waiting: 0, failed: 1 });
  expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([
    expect.stringContaining('"subject":"decision:de_7"'),
  ]);
});

describe("people", () => {
  test("are told once when the token is wrong, and the alarm ends when it is mended", async () => {
    const ids = await decide(2);
    hec.token.value = "another";
    await round(0);
    await round(5);

    expect(await store.openAlarms()).toMatchObject([
      { key: "channel hec", message: expect.stringContaining("check SPLUNK_HEC_TOKEN") },
    ]);
    expect(await mails()).toBe(1);

    hec.token.value = hecToken;
    await round(60);
    await round(61);
    expect(await store.openAlarms()).toEqual([]);
    expect(new Set(indexedIds(hec)).isSupersetOf(new Set(ids))).toBe(true);
    const states = hec.indexed.flatMap(({ event }) => (event["kind"] === "alarm" ? [event["state"]] : []));
    expect(states).toEqual(["raised", "ended"]);
  });

  test("are not called because Splunk restarts, but when it is away for ten minutes", async () => {
    await decide(1);
    hec.failNext(...Array.from({ length: 9 }, () => hecCode(9)));
    await round(0);
    await round(599);
    expect(await store.openAlarms()).toEqual([]);

    await round(700);
    expect(await store.openAlarms()).toHaveLength(1);
  });

  test("see an alarm end that an earlier process has raised", async () => {
    await decide(1);
    await store.raiseAlarm({ key: "channel hec", message: "m", advice: "a" }, [], after(0));

    await round(1);

    expect(await store.openAlarms()).toEqual([]);
  });
});

test("neither log nor alarm holds the token", async () => {
  await decide(1);
  hec.failNext(hecCode(4), hecCode(8));
  await round(0);
  await round(60);
  const alarms = await store.openAlarms();

  expect(alarms).toHaveLength(1);
  expect(JSON.stringify(alarms) + log.lines.join("\n")).not.toContain("hunter2");
});

test("what can't be noted costs no event", async () => {
  await decide(1);
  const away = {
    raiseAlarm: () => Promise.reject(new Error("locked")),
    endAlarm: () => Promise.reject(new Error("locked")),
  };
  notifier = watchChannel(hecNotifier(hec), { store: away, channels: [], now: () => after(clock), log });

  await round(0);

  expect(indexedIds(hec)).toEqual(["decision:de_0"]);
  expect(await counts()).toEqual({ waiting: 0, failed: 0 });
});
