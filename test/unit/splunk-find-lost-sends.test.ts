import { array, assert, constantFrom, integer, property, record, shuffledSubarray, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { type ActionLine, createLostSendFinder } from "../../src/ingest/splunk-api/find-lost-sends.ts";
import { sendLines, type StandInSend } from "../fakes/splunk-shapes.ts";

const start = Date.UTC(2026, 10, 20, 12);
const after = (ms: number) => new Date(start + ms);
const always = [after(-86_400_000), after(86_400_000)] as const;
const lines = (...sends: readonly StandInSend[]): readonly ActionLine[] =>
  sends
    .flatMap(sendLines)
    .map(({ at, text }) => ({ at, host: "sh-1", raw: text }))
    .toSorted((a, b) => a.at.getTime() - b.at.getTime());
const line = (ms: number, text: string, host = "sh-1"): ActionLine => ({
  at: after(ms),
  host,
  raw: `11-20-2026 12:00:00.000 +0000 ${text}`,
});
const begun = (sid: string, action = "webhook") =>
  `Invoking modular alert action=${action} for search="a" sid="${sid}" in app="search" owner="admin" type="saved"`;
const worker = "INFO  sendmodalert [1 AlertNotifierWorker-0] -";
const bad = "ERROR sendmodalert [1 AlertNotifierWorker-0] -";
const findLostSends = (all: readonly ActionLine[], since: Date, until: Date) => {
  const finder = createLostSendFinder(since, until);
  all.forEach((one) => {
    finder.read(one);
  });
  return finder.found();
};
const lostOf = (all: readonly ActionLine[]) => findLostSends(all, ...always).map(({ sid }) => sid);

describe("a webhook counts as lost", () => {
  const send = { searchName: "a", at: after(0) };

  test("when its script ended with an error, in new versions and in old ones", () => {
    expect(lostOf(lines({ ...send, sid: "1" }))).toEqual(["1"]);
    expect(lostOf(lines({ ...send, sid: "1", thread: null }))).toEqual(["1"]);
  });

  test("not when it was delivered, whatever else was written meanwhile", () => {
    expect(lostOf(lines({ ...send, sid: "1", error: null }))).toEqual([]);
    expect(lostOf(lines({ ...send, sid: "1", error: null, thread: null }))).toEqual([]);
    const answered = line(
      9,
      `${worker} action=webhook STDERR -  Webhook receiver responded with HTTP status=200`,
    );
    expect(lostOf([line(0, `${worker} ${begun("1")}`), answered])).toEqual([]);
    const noise = [line(50, `${bad} action=webhook STDERR -  DeprecationWarning: ssl.wrap_socket`)];
    expect(lostOf([...lines({ ...send, sid: "1", error: null }), ...noise].toSorted(byTime))).toEqual([]);
  });

  test("not for words of another action that only look as if one began", () => {
    const words = `${bad} action=ticket STDERR -  event: x INFO  sendmodalert [2 w] - ${begun("9")}`;

    expect(lostOf([line(0, `${worker} ${begun("1", "ticket")}`), line(9, words)])).toEqual([]);
  });

  test("when it only complained, and its end is not told", () => {
    const all = [
      line(0, `${worker} ${begun("1")}`),
      line(9, `${bad} action=webhook STDERR -  Error sending webhook request: timed out`),
    ];

    expect(findLostSends(all, ...always)).toMatchObject([
      { sid: "1", failedAt: after(9), reason: "Error sending webhook request: timed out" },
    ]);
  });

  test("when the script could not be started, was killed, or nothing more is told", () => {
    const started = line(0, `${worker} ${begun("1")}`);

    expect(
      lostOf([started, line(5, `${bad} action=webhook - Execution of alert action script failed`)]),
    ).toEqual(["1"]);
    expect(lostOf([started, line(5, `${bad} action=webhook - script timed out, killed`)])).toEqual(["1"]);
    expect(findLostSends([started], ...always)).toMatchObject([
      { sid: "1", failedAt: after(360_000), reason: "Splunk's log does not say how the send ended" },
    ]);
    expect(findLostSends([started], after(0), after(360_000))).toEqual([]);
  });

  test("not when another action failed in its thread, or in another thread, or on another host", () => {
    const all = [
      line(0, `${worker} ${begun("1")}`),
      line(1, `${worker} action=webhook - Alert action script completed in duration=9 ms with exit code=0`),
      line(2, `${worker} ${begun("1", "email_plus")}`),
      line(3, `${bad} action=email_plus - Alert action script returned error code=2`),
      line(4, `${worker} ${begun("2")}`),
      line(5, "WARN  sendmodalert [1 AlertNotifierWorker-1] - action=webhook - exit code=3"),
      line(6, `${worker} action=webhook - completed with exit code=2`, "sh-2"),
      line(7, `${worker} action=webhook - completed with exit code=0`),
    ];

    expect(lostOf(all)).toEqual([]);
  });

  test("together with those that ran beside it, where threads are not told", () => {
    const old = (ms: number, text: string) => line(ms, `INFO  sendmodalert - ${text}`);
    const two = [old(0, begun("1")), old(1, begun("2"))];
    const sent = old(2, "action=webhook STDERR -  Webhook receiver responded with HTTP status=202");

    expect(lostOf([...two, old(3, "action=webhook - exit code=2")])).toEqual(["1", "2"]);
    expect(lostOf([...two, sent, old(3, "action=webhook - exit code=2")])).toEqual(["1", "2"]);
  });

  test("once, when all its rows failed", () => {
    expect(lostOf(lines(...[0, 1000, 2000].map((ms) => ({ ...send, at: after(ms), sid: "1" }))))).toEqual([
      "1",
    ]);
  });
});

describe("our own alert action", () => {
  const own = (code: number, sid = "1", ms = 0): readonly ActionLine[] => [
    line(ms, `${worker} ${begun(sid, "portcullis_block")}`),
    line(ms + 5, `${bad} action=portcullis_block STDERR -  rows 200 to 399 are lost: the disk is full`),
    line(ms + 9, `${bad} action=portcullis_block - Alert action script returned error code=${code}`),
  ];

  test("has lost rows when it says so, ends by a fault, or its end is not told", () => {
    expect(findLostSends(own(4), ...always)).toEqual([
      {
        action: "portcullis_block",
        sid: "1",
        searchName: "a",
        app: "search",
        owner: "admin",
        failedAt: after(9),
        reason: "rows 200 to 399 are lost: the disk is full",
      },
    ]);
    for (const code of [1, 5, -9]) {
      expect(lostOf(own(code))).toEqual(["1"]);
    }
    expect(lostOf(own(4).slice(0, 1))).toEqual(["1"]);
  });

  test("has lost nothing when it keeps the rows and sends them again", () => {
    expect(lostOf([...own(2), ...own(3, "2", 20), ...own(0, "3", 40)])).toEqual([]);
  });

  test("and the webhook of the same search are told apart", () => {
    const webhook = [line(20, `${worker} ${begun("1")}`), line(21, `${bad} action=webhook - exit code=2`)];

    expect(findLostSends([...own(4), ...webhook], ...always).map(({ action }) => action)).toEqual([
      "portcullis_block",
      "webhook",
    ]);
  });
});

function byTime(a: ActionLine, b: ActionLine): number {
  return a.at.getTime() - b.at.getTime();
}

test("of many sends in many threads exactly the failed ones are found", () => {
  const sends = array(record({ thread: constantFrom("A", "B", "C"), fails: constantFrom(true, false) }));
  assert(
    property(sends, integer({ min: 0, max: 499 }), (all, overlap) => {
      const made = all.map(
        ({ thread, fails }, index): StandInSend => ({
          sid: String(index),
          searchName: "a",
          thread,
          // Two in one thread do not overlap; two in different threads do.
          at: after(index * 501 - (["A", "B", "C"].indexOf(thread) * overlap) / 3),
          ...(fails ? {} : { error: null }),
        }),
      );
      const failed = all.flatMap(({ fails }, index) => (fails ? [String(index)] : []));

      expect(lostOf(lines(...made)).toSorted()).toEqual(failed.toSorted());
    }),
    { numRuns: 200 },
  );
});

test("whatever the log holds, it is read", () => {
  const pieces = [
    begun("1"),
    "exit code=2",
    "sendmodalert [",
    "] - ",
    "ERROR",
    " - ",
    '"',
    "Unexpected error",
  ];
  const text = array(constantFrom(...pieces)).map((parts) => parts.join(""));
  assert(
    property(array(text), array(string()), shuffledSubarray(pieces), (some, others, rest) => {
      const all = [...some, ...others, ...rest].map((raw, index) => line(index, raw));

      expect(lostOf(all).every((sid) => sid.length > 0)).toBe(true);
    }),
  );
});

test("a reason never shows the secret in the webhook's address", () => {
  const all = [
    line(0, `${worker} ${begun("1")}`),
    line(
      1,
      `${bad} action=webhook STDERR -  Unexpected error: URL can't contain control characters. '/webhooks/splunk/hunter2 x' https://h/webhooks/splunk/hunter2`,
    ),
  ];

  const [lost] = findLostSends(all, ...always);

  expect(lost?.reason).not.toContain("hunter2");
  expect(lost?.reason).toContain("Unexpected error");
});
