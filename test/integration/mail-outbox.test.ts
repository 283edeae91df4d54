import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { createEmailNotifier } from "../../src/notify/email.ts";
import { newsIn } from "../../src/notify/contents.ts";
import { sendDue } from "../../src/notify/send-due.ts";
import type { Log, News, Notifier, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { mailPace } from "../fakes/mail-pace.ts";
import { after, ip, recordOf, sampleAlert, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { type SmtpServer, smtpCertificate, startSmtp } from "../fakes/smtp.ts";

let store: Store;
let logged: string[];
let log: Log;

beforeEach(async () => {
  store = await openStore({ databaseUrl: "sqlite::memory:" });
  const sightingId = await sight(store);
  await store.recordDecision(recordOf(sampleDecision("de_1"), { sightingId }));
  logged = [];
  const write =
    (level: string) =>
    (_fields: object, message: string): void => {
      logged.push(`${level}: ${message}`);
    };
  log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
});

afterEach(() => store.close());

/** A channel that fails with each of these in turn, and then works. */
function failing(...errors: readonly unknown[]) {
  const left = [...errors];
  const sent: string[] = [];
  const told: News[] = [];
  return {
    sent,
    told,
    channel: "email",
    pace: mailPace,
    send: (batch: readonly News[]) => {
      if (left.length > 0) {
        return Promise.reject(left.shift());
      }
      told.push(...batch);
      sent.push(...batch.map((news) => (news.kind === "decision" ? news.story.decision.id : news.alarm.key)));
      return Promise.resolve(batch.map(() => null));
    },
  };
}

const later = (retryAfterMs?: number): AppError =>
  new AppError("MAIL_UNDELIVERED", "mail:25: busy", { retryable: true, retryAfterMs });

/** One round, so many seconds after the start. */
function round(
  notifier: Pick<Notifier, "channel" | "pace" | "send">,
  seconds: number,
  holder = "one",
  on: Store = store,
): Promise<number> {
  return sendDue(
    { store: on, notifier, contents: newsIn(on), holder, now: () => after(seconds), log },
    new AbortController().signal,
  );
}

const counts = async () => {
  const { notificationsWaiting: waiting, notificationsFailed: failed } = await store.counts(after(0));
  return { waiting, failed };
};

test("what is due is sent once", async () => {
  const notifier = failing();

  await round(notifier, 29);
  expect(notifier.sent).toEqual([]);
  expect(await round(notifier, 30)).toBe(1000);
  await round(notifier, 200);

  expect(notifier.sent).toEqual(["de_1"]);
  expect(await counts()).toEqual({ waiting: 0, failed: 0 });
  expect(logged).toEqual(["info: notification sent"]);
});

test("what can't be delivered now is tried again, later each time", async () => {
  const notifier = failing(later(), later(), later());

  for (const seconds of [30, 59, 60, 119, 120, 239]) {
    await round(notifier, seconds);
  }
  expect(notifier.sent).toEqual([]);
  await round(notifier, 240);

  expect(notifier.sent).toEqual(["de_1"]);
  expect(logged).toEqual([
    ...Array.from({ length: 3 }, () => "warn: notification not delivered, will be tried again"),
    "info: notification sent",
  ]);
});

test("an hour is the longest pause", async () => {
  const notifier = failing(...Array.from({ length: 20 }, () => later()));
  let seconds = 30;
  for (const pause of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]) {
    await round(notifier, seconds);
    await round(notifier, seconds + pause - 1);
    seconds += pause;
  }

  expect(logged).toHaveLength(10);
});

test("a wish of the other side to wait longer is heard", async () => {
  const notifier = failing(later(600_000));

  await round(notifier, 30);
  await round(notifier, 629);
  expect(notifier.sent).toEqual([]);
  await round(notifier, 630);

  expect(notifier.sent).toEqual(["de_1"]);
});

const threeDays = 3 * 86_400;

describe("it is given up, with an error in the log,", () => {
  test.each([
    [
      "when it is refused for good",
      new AppError("MAIL_UNDELIVERED", "mail:25: 550 no", { retryable: false }),
      30,
    ],
    ["when it fails by a bug", new TypeError("x is not a function"), 30],
    ["three days after the decision", later(), threeDays - 29],
  ])("%s", async (_when, error, seconds) => {
    const notifier = failing(error);

    await round(notifier, seconds);
    await round(notifier, seconds + 7200);

    expect(notifier.sent).toEqual([]);
    expect(await counts()).toEqual({ waiting: 0, failed: 1 });
    expect(logged).toEqual(["error: notification given up, see who was not told"]);
  });
});

test("after a week's standstill it is still tried", async () => {
  const notifier = failing();

  await round(notifier, 7 * 86_400);

  expect(notifier.sent).toEqual(["de_1"]);
});

describe("an alarm", () => {
  const alarm = { key: "limit", message: "too many new blocks", advice: "look" };

  test("is sent as everything else", async () => {
    await store.raiseAlarm(alarm, ["email"], after(0));
    const notifier = failing(later());
    await round(notifier, 0);
    await round(notifier, 30);

    expect(notifier.sent.toSorted()).toEqual(["de_1", "limit"]);
  });

  test("is sent also when it is over by then, and given up three days after it was raised", async () => {
    await store.raiseAlarm(alarm, ["email"], after(0));
    await store.endAlarm(alarm.key, after(10));
    const notifier = failing();
    await round(notifier, 20);

    expect(notifier.told).toMatchObject([{ kind: "alarm", alarm: { key: "limit", endedAt: after(10) } }]);

    await store.raiseAlarm(alarm, ["email"], after(100));
    await round(failing(later(), later()), threeDays + 80);
    expect((await counts()).failed).toBe(2);
  });
});

test("two processes send it once", async () => {
  const notifier = failing();

  await Promise.all([round(notifier, 30, "one"), round(notifier, 30, "two")]);

  expect(notifier.sent).toEqual(["de_1"]);
});

test("a process that stops while sending leaves it waiting, not counted as a failure", async () => {
  const stopping = new AbortController();
  const notifier = {
    channel: "email",
    pace: mailPace,
    send: () => {
      stopping.abort();
      return Promise.reject(later());
    },
  };

  const contents = newsIn(store);
  await sendDue({ store, notifier, contents, holder: "one", now: () => after(30), log }, stopping.signal);
  await store.releaseLeases("one");

  expect(logged).toEqual([]);
  const next = failing();
  await round(next, 30, "two");
  expect(next.sent).toEqual(["de_1"]);
});

test("more than a handful are sent in rounds without a pause", async () => {
  const ips = Array.from({ length: 8 }, (_, index) => ip(`203.0.113.10${index}`));
  await store.insertAlerts([sampleAlert("al_2")]);
  await store.recordSightings(
    "al_2",
    ips.map((ip) => ({ ip, count: 1, fields: ["src"], severity: null })),
    t0,
  );
  for (const ip of ips) {
    const decision = sampleDecision(`de_${ip}`, { ip, alertId: "al_2", action: "hold" });
    await store.recordDecision(recordOf(decision, { sightingId: `si_${ip}`, firewalls: [] }));
  }
  const notifier = failing();

  const pauses = [await round(notifier, 30), await round(notifier, 30), await round(notifier, 30)];

  expect(pauses).toEqual([0, 0, 1000]);
  expect(new Set(notifier.sent).size).toBe(9);
});

test("one about nothing is given up and does not hold up the others", async () => {
  const broken: Store = { ...store, news: () => Promise.reject(new Error("no result")) };
  const notifier = failing();
  await round(notifier, 30, "one", broken);

  expect(await counts()).toEqual({ waiting: 0, failed: 1 });
  expect(logged).toEqual(["error: notification has nothing to tell"]);
});

test("a database that is away for a while costs nothing", async () => {
  const away = new AppError("STORE_UNAVAILABLE", "database is locked", { retryable: true });
  const broken: Store = { ...store, news: () => Promise.reject(away) };
  const notifier = failing();

  await expect(round(notifier, 30, "one", broken)).rejects.toBe(away);
  await round(notifier, 91);

  expect(notifier.sent).toEqual(["de_1"]);
});

describe("with a real mail server", () => {
  let smtp: SmtpServer;

  beforeEach(async () => {
    smtp = await startSmtp();
  });

  afterEach(() => smtp.stop());

  const email = () =>
    createEmailNotifier(
      {
        server: "127.0.0.1",
        port: smtp.port,
        tls: "starttls",
        user: null,
        password: null,
        from: "portcullis@example.com",
        to: ["soc@example.com"],
      },
      { ca: smtpCertificate },
    );

  test("a mail that could not be sent goes out after the server is back", async () => {
    const { port } = smtp;
    await smtp.stop();
    const notifier = email();

    await round(notifier, 30);
    smtp = await startSmtp({ port });
    await round(notifier, 60);

    expect(smtp.messages).toHaveLength(1);
  });

  test("a crash between sent and recorded leads to a repeat with the same Message-ID", async () => {
    const crashing: Store = {
      ...store,
      notificationsSent: () => Promise.reject(new Error("the power went")),
    };

    await expect(round(email(), 30, "one", crashing)).rejects.toThrow("the power went");
    await round(email(), 89);
    expect(smtp.messages).toHaveLength(1);
    await round(email(), 91, "two");

    const ids = smtp.messages.map(({ mail }) => mail.messageId);
    expect(ids).toEqual(["<de_1@example.com>", "<de_1@example.com>"]);
  });
});
