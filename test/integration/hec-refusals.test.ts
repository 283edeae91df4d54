import { describe, expect, test } from "vitest";
import { hecCode } from "../fakes/hec.ts";
import { decisions, hecNotifier, hecServer, indexedIds, patience } from "./hec-desk.ts";

const nothing = (count: number): readonly null[] => Array.from({ length: count }, () => null);
const holding = (text: string): unknown => expect.stringContaining(text);

describe("an event that Splunk refuses", () => {
  const bad = (...ids: readonly string[]) => new Set(ids.map((id) => `decision:${id}`));

  test.each([6, 12, 13, 15])("with code %i fails alone; all others arrive", async (code) => {
    const hec = await hecServer();
    const wrong = bad("de_0", "de_3", "de_9");
    hec.refuses = ({ event }) => (wrong.has(String(event["event_id"])) ? code : null);

    const outcomes = await hecNotifier(hec).send(decisions(10), patience());

    expect(outcomes.map((outcome) => outcome === null)).toEqual(
      Array.from({ length: 10 }, (_, n) => ![0, 3, 9].includes(n)),
    );
    expect(outcomes[3]).toMatchObject({
      code: "HEC_UNDELIVERED",
      retryable: false,
      message: holding(`code ${code}`),
    });
    const arrived = new Set(indexedIds(hec).filter((id) => id.startsWith("decision:")));
    expect(arrived.size).toBe(7);
  });

  test.each<[how: string, number: unknown]>([
    ["one too high", 5],
    ["none", undefined],
    ["one that is no number", "4"],
    ["one that is out of bounds", -1],
  ])("is found although Splunk tells its number wrongly: %s", async (_how, number) => {
    const hec = await hecServer();
    const body = JSON.stringify({ text: "Invalid data format", code: 6, "invalid-event-number": number });
    hec.failNext({ kind: "answer", status: 400, body });
    hec.refuses = ({ event }) => (event["event_id"] === "decision:de_4" ? 6 : null);

    const outcomes = await hecNotifier(hec).send(decisions(10), patience());

    expect(outcomes.flatMap((outcome, n) => (outcome === null ? [] : [n]))).toEqual([4]);
    expect(new Set(indexedIds(hec)).size).toBe(9);
  });

  test("because a request is too large is sent with fewer others", async () => {
    const hec = await hecServer();
    hec.failNext({ kind: "answer", status: 413, body: "too large" });

    expect(await hecNotifier(hec).send(decisions(4), patience())).toEqual(nothing(4));
    expect(hec.requests).toHaveLength(3);
  });
});

describe("a Splunk that refuses everything", () => {
  /** As behind a proxy that takes the encoding of bodies out of their headers. */
  const refusing = async () => {
    const hec = await hecServer();
    hec.refuses = () => 6;
    return hec;
  };

  test.each([1, 3, 500])(
    "loses none of %i events: it is people who have to mend something",
    async (count) => {
      const hec = await refusing();

      await expect(hecNotifier(hec).send(decisions(count), patience())).rejects.toMatchObject({
        code: "HEC_REFUSED",
        retryable: true,
        message: holding('refuses every event, also one that says nothing: status 400, code 6 "Invalid data'),
      });
      expect(hec.requests.length).toBeLessThan(5);
    },
  );

  test("but an empty test event, has been sent the wrong ones alone", async () => {
    const hec = await hecServer();
    hec.refuses = ({ event }) => (event["kind"] === "probe" ? null : 13);

    const outcomes = await hecNotifier(hec, { index: "security" }).send(decisions(2), patience());

    expect(outcomes).toMatchObject([{ retryable: false }, { retryable: false }]);
    expect(hec.indexed).toMatchObject([
      {
        sourcetype: "portcullis:probe",
        index: "security",
        event: { event_id: expect.stringMatching(/^probe:\d+$/), vendor_product: "Portcullis" },
      },
    ]);
  });
});

test("what has arrived before Splunk fails is not sent again", async () => {
  const hec = await hecServer();
  const notifier = hecNotifier(hec);
  let refused = 0;
  hec.refuses = ({ event }) => {
    if (event["event_id"] !== "decision:de_3") {
      return null;
    }
    refused += 1;
    if (refused === 2) {
      hec.failNext(hecCode(9));
    }
    return 13;
  };

  const outcomes = await notifier.send(decisions(6), patience());

  expect(outcomes).toMatchObject([
    null,
    null,
    null,
    { code: "HEC_UNDELIVERED", retryable: false },
    { code: "HEC_UNDELIVERED", retryable: true },
    { code: "HEC_UNDELIVERED", retryable: true },
  ]);
  await notifier.send(decisions(1), patience());
  expect(hec.healthChecks()).toBe(2);
});
