import { describe, expect, test } from "vitest";
import { type HecFault, hecCode } from "../fakes/hec.ts";
import { makeSplunkCertificate } from "../fakes/splunk-certificate.ts";
import { decisions, hecNotifier, hecServer, hecToken, indexedIds, patience } from "./hec-desk.ts";

const nothing = (count: number): readonly null[] => Array.from({ length: count }, () => null);
const holding = (text: string): unknown => expect.stringContaining(text);

describe("what is sent", () => {
  test("arrives in one compressed request, with the token and a channel that stays the same", async () => {
    const hec = await hecServer();
    const notifier = hecNotifier(hec, { index: "security" });

    expect(await notifier.send(decisions(500), patience())).toEqual(nothing(500));
    await notifier.send(decisions(1), patience());

    expect(indexedIds(hec).slice(0, 500)).toEqual(decisions(500).map(({ id }) => id));
    const [first, second] = hec.requests;
    expect(first).toMatchObject({
      path: "/services/collector/event",
      headers: { authorization: `Splunk ${hecToken}`, "content-encoding": "gzip" },
    });
    expect(first?.bytes).toBeLessThan(60_000);
    expect(first?.headers["x-splunk-request-channel"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers["x-splunk-request-channel"]).toBe(first?.headers["x-splunk-request-channel"]);
    expect(hec.indexed[0]).toMatchObject({
      host: "blocker01",
      source: "portcullis",
      sourcetype: "portcullis:decision",
      index: "security",
    });
    expect(hec.healthChecks()).toBe(1);
  });

  test("arrives with a token that confirms what it indexed", async () => {
    const hec = await hecServer({ useAck: true });

    expect(await hecNotifier(hec).send(decisions(1), patience())).toEqual([null]);
  });

  test("goes below the URL's path", async () => {
    const hec = await hecServer();
    const notifier = hecNotifier({ url: `${hec.url}/splunk` });

    await expect(notifier.send(decisions(1), patience())).rejects.toMatchObject({ code: "HEC_REFUSED" });
    expect(hec.requests.at(-1)?.path).toBe("/splunk/services/collector/event");
  });
});

describe("what people have to mend", () => {
  const proxyPage = { kind: "answer", status: 200, body: "<html>Please log in</html>" } as const;
  test.each<[what: string, fault: HecFault, message: string]>([
    ["a disabled token", hecCode(1), "the token is disabled"],
    ["a missing token", hecCode(2), "the token did not arrive"],
    ["an unreadable token", hecCode(3), "the token did not arrive"],
    ["an unknown token", hecCode(4), "check SPLUNK_HEC_TOKEN"],
    ["an index that the token may not write to", hecCode(7), "check SPLUNK_HEC_INDEX"],
    ["a channel that went missing", hecCode(10), "Data channel is missing"],
    ["another server", { kind: "answer", status: 404, body: "not found" }, "check SPLUNK_HEC_URL"],
    ["a page of a proxy", proxyPage, "this is no HTTP Event Collector"],
    ["a redirect", { kind: "answer", status: 303, body: "" }, "status 303"],
  ])("%s is told, is no fault of any event, and can be tried again", async (_what, fault, message) => {
    const hec = await hecServer();
    hec.failNext(fault);

    await expect(hecNotifier(hec).send(decisions(3), patience())).rejects.toMatchObject({
      code: "HEC_REFUSED",
      retryable: true,
      message: holding(message),
    });
    expect(hec.requests).toHaveLength(1);
  });
});

describe("what passes by itself", () => {
  test.each<[what: string, fault: HecFault]>([
    ["an internal error", hecCode(8)],
    ["a busy server", hecCode(9)],
    ["back-pressure", { kind: "answer", status: 429, body: '{"text":"Server is busy","code":9}' }],
    ["a gateway without Splunk behind it", { kind: "answer", status: 502, body: "bad gateway" }],
    ["a cut connection", { kind: "cut", isIndexed: false }],
    ["an answer without end", { kind: "answer", status: 200, body: "x".repeat(100_000) }],
  ])("%s can be tried again, after a look at its health", async (_what, fault) => {
    const hec = await hecServer();
    const notifier = hecNotifier(hec);
    hec.failNext(fault);

    await expect(notifier.send(decisions(2), patience())).rejects.toMatchObject({
      code: "HEC_UNDELIVERED",
      retryable: true,
    });
    expect(await notifier.send(decisions(2), patience())).toEqual(nothing(2));

    expect(indexedIds(hec)).toEqual(["decision:de_0", "decision:de_1"]);
    expect(hec.healthChecks()).toBe(2);
  });

  test.each([
    ["7", 7000],
    ["Sat, 21 Nov 2026 09:01:00 GMT", 60_000],
    ["999999999", 3_600_000],
    ["soon", undefined],
  ])("the wish to wait %s is heard, up to an hour", async (retryAfter, waitMs) => {
    const hec = await hecServer();
    const notifier = hecNotifier(hec, {}, { now: () => new Date("2026-11-21T09:00:00Z") });
    hec.failNext({ kind: "answer", status: 503, body: "", headers: { "Retry-After": retryAfter } });

    await expect(notifier.send(decisions(1), patience())).rejects.toMatchObject({ retryAfterMs: waitMs });
  });

  test("a Splunk that says it is not well is not sent a batch", async () => {
    const hec = await hecServer();
    hec.health = 18;

    await expect(hecNotifier(hec).send(decisions(1), patience())).rejects.toMatchObject({
      code: "HEC_UNDELIVERED",
      retryable: true,
      message: holding("queues are full"),
    });
    expect(hec.requests).toEqual([]);
  });

  test("one that is silent is given up after a while, and one that is down is named", async () => {
    const hec = await hecServer();
    hec.failNext({ kind: "silent" });

    await expect(
      hecNotifier(hec, {}, { timeoutMs: 300 }).send(decisions(1), patience()),
    ).rejects.toMatchObject({
      code: "HEC_UNDELIVERED",
      message: holding("gave no whole answer within 0.3 s"),
    });
    await hec.stop();
    await expect(hecNotifier(hec).send(decisions(1), patience())).rejects.toMatchObject({
      code: "HEC_UNDELIVERED",
      message: holding(`127.0.0.1:${hec.port} can't be reached (ECONNREFUSED). Check SPLUNK_HEC_URL`),
    });
  });

  test("an aborted signal ends the sending", async () => {
    const hec = await hecServer();
    hec.failNext({ kind: "silent" });
    const stopping = new AbortController();
    const sending = hecNotifier(hec).send(decisions(1), stopping.signal);
    stopping.abort();

    await expect(sending).rejects.toMatchObject({ code: "HEC_UNDELIVERED", retryable: true });
  });
});

describe("Splunk's certificate", () => {
  const certificate = makeSplunkCertificate();

  test("is trusted by its fingerprint, whatever its host's name", async () => {
    const hec = await hecServer({ certificate });
    const notifier = hecNotifier(hec, { certSha256: certificate.certSha256 });

    expect(await notifier.send(decisions(1), patience())).toEqual([null]);
  });

  test("is trusted by its CA when it names the host", async () => {
    const named = makeSplunkCertificate("localhost");
    const hec = await hecServer({ certificate: named });
    const url = hec.url.replace("127.0.0.1", "localhost");

    expect(await hecNotifier({ url }, { ca: named.ca }).send(decisions(1), patience())).toEqual([null]);
  });

  test.each([
    ["another fingerprint", { certSha256: "ab".repeat(32) }, "than SPLUNK_HEC_CERT_SHA256 names"],
    ["no pin and no CA", {}, "set SPLUNK_HEC_CERT_SHA256 to it; or set SPLUNK_HEC_CA_FILE"],
  ])("with %s is refused before a byte of the token is sent", async (_what, changes, message) => {
    const hec = await hecServer({ certificate });

    await expect(hecNotifier(hec, changes).send(decisions(1), patience())).rejects.toMatchObject({
      code: "HEC_UNDELIVERED",
      retryable: true,
      message: holding(message),
    });
    expect([hec.requests, hec.healthChecks()]).toEqual([[], 0]);
  });

  test("is missing where TLS is switched off, and the message says so", async () => {
    const hec = await hecServer();
    const url = hec.url.replace("http:", "https:");

    await expect(hecNotifier({ url }).send(decisions(1), patience())).rejects.toMatchObject({
      message: holding("does not speak TLS"),
    });
    expect(hec.requests).toEqual([]);
  });
});

test("no error holds the token", async () => {
  const hec = await hecServer();
  const notifier = hecNotifier(hec);
  hec.failNext(hecCode(4), { kind: "cut", isIndexed: false });
  const errors: unknown[] = [];
  for (let n = 0; n < 2; n += 1) {
    errors.push(await notifier.send(decisions(1), patience()).catch((error: unknown) => error));
  }
  await hec.stop();
  errors.push(await notifier.send(decisions(1), patience()).catch((error: unknown) => error));

  expect(errors).toHaveLength(3);
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error);
    expect(String(error) + JSON.stringify(error)).not.toContain("hunter2");
    expect(error).toHaveProperty("cause", undefined);
  }
});
