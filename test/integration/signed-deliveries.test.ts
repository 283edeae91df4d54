import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Alert } from "../../src/domain/alert.ts";
import { signText } from "../fakes/sign-delivery.ts";
import { alertBody, receivedAt, signingSecrets, startReceiver } from "./start-receiver.ts";

const [secret = "", nextSecret = ""] = signingSecrets;
const path = "/webhooks/splunk";

/** Of a delivery that was taken, or of a problem. */
const Answer = z.looseObject({ alertId: z.string().default("") });

const seconds = (at: Date): string => String(Math.floor(at.getTime() / 1000));
const secondsLater = (n: number): Date => new Date(receivedAt.getTime() + n * 1000);

/** Signs what goes over the wire, as a sender does that packs it. */
function signBytes(body: Uint8Array, { id = "msg_1", at = receivedAt, key = secret } = {}) {
  const bytes = Buffer.from(key.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", bytes)
    .update(`${id}.${seconds(at)}.`)
    .update(body)
    .digest("base64");
  return { "webhook-id": id, "webhook-timestamp": seconds(at), "webhook-signature": `v1,${signature}` };
}

async function post(url: string, body: string | Uint8Array, headers: Readonly<Record<string, string>>) {
  const answer = await fetch(url + path, { method: "POST", headers, body: new Blob([body]) });
  return { status: answer.status, body: Answer.parse(await answer.json()) };
}

const postText = (url: string, body: string, { id = "msg_1", at = receivedAt, key = secret } = {}) =>
  post(url, body, signText(body, { secret: key, id, at }));

const postPacked = (url: string, body: Uint8Array, id = "msg_1") =>
  post(url, body, { ...signBytes(body, { id }), "Content-Encoding": "gzip" });

const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ src_ip: `203.0.${n >> 8}.${n & 255}`, count: String(n) }));

describe("a signed delivery", () => {
  test("is accepted with all its rows, without result", async () => {
    const inserted: Alert[] = [];
    const { url } = await startReceiver({
      insert: (alerts) => {
        inserted.push(...alerts);
        return Promise.resolve(alerts.map(() => true));
      },
    });

    const answer = await postText(url, JSON.stringify({ sid: "1760000400.1", results: rows(3) }));

    expect(answer).toMatchObject({ status: 202, body: { status: "accepted" } });
    expect(inserted).toMatchObject([{ source: "splunk-action", sid: "1760000400.1" }]);
    expect(inserted[0]?.rows).toHaveLength(3);
  });

  test("50,000 rows, gzipped: accepted, and a row more is kept as unreadable", async () => {
    const { url, store, unreadable } = await startReceiver();

    const most = await postPacked(url, gzipSync(JSON.stringify({ sid: "1", results: rows(50_000) })), "m");
    const more = await postPacked(url, gzipSync(JSON.stringify({ sid: "1", results: rows(50_001) })), "n");

    expect(most.body).toMatchObject({ status: "accepted" });
    expect((await store.alert(most.body.alertId))?.alert.rows).toHaveLength(50_000);
    expect(more).toMatchObject({ status: 400, body: { code: "PAYLOAD_INVALID" } });
    expect(unreadable).toHaveLength(1);
  });

  test.each([
    { name: "the first secret", key: secret },
    { name: "the second secret, during rotation", key: nextSecret },
  ])("with $name", async ({ key }) => {
    const { url } = await startReceiver();

    expect(await postText(url, JSON.stringify(alertBody()), { key })).toMatchObject({ status: 202 });
  });

  test("one of several signatures is enough, as from a sender that rotates", async () => {
    const { url } = await startReceiver();
    const body = JSON.stringify(alertBody());
    const right = signText(body, { secret: nextSecret, id: "msg_1", at: receivedAt });
    const wrong = signText(body, {
      secret: `whsec_${Buffer.alloc(32, 9).toString("base64")}`,
      id: "msg_1",
      at: receivedAt,
    });

    const signature = `v1a,AAAA ${wrong["webhook-signature"]} ${right["webhook-signature"]}`;
    const answer = await post(url, body, { ...right, "webhook-signature": signature });

    expect(answer.status).toBe(202);
  });

  test("the same id again is a duplicate without effect, also with another time and another body", async () => {
    const { url, store } = await startReceiver();
    const body = JSON.stringify(alertBody());

    const first = await postText(url, body, { id: "a" });
    const replayed = await postText(url, body, { id: "a" });
    const retried = await postText(url, JSON.stringify(alertBody({ sid: "1760000999.7" })), {
      id: "a",
      at: secondsLater(60),
    });
    const other = await postText(url, body, { id: "b" });

    expect(first.body).toMatchObject({ status: "accepted" });
    expect([replayed, retried]).toMatchObject(
      [1, 2].map(() => ({ status: 202, body: { status: "duplicate", alertId: first.body.alertId } })),
    );
    expect(other.body).toMatchObject({ status: "accepted" });
    expect((await store.counts(receivedAt)).alerts).toBe(2);
  });

  test("an id that begins like a sid is stored beside alerts of its time", async () => {
    const { url } = await startReceiver();
    const body = JSON.stringify(alertBody());

    const one = await postText(url, body, { id: "scheduler__admin__search__RMD5_at_1760000400_1/1" });
    const two = await postText(url, body, { id: "scheduler__admin__search__RMD5_at_1760000400_1/2" });

    expect(one.body.alertId.slice(0, 15)).toBe(two.body.alertId.slice(0, 15));
    expect(one.body.alertId).not.toBe(two.body.alertId);
  });

  test.each([
    { offset: -300, status: 202 },
    { offset: -301, status: 401 },
    { offset: 300, status: 202 },
    { offset: 301, status: 401 },
  ])("sent $offset s from our clock: $status", async ({ offset, status }) => {
    const { url, unreadable } = await startReceiver();

    const answer = await postText(url, JSON.stringify(alertBody()), { at: secondsLater(offset) });

    expect(answer.status).toBe(status);
    expect(unreadable).toEqual([]);
  });
});

describe("what is not signed as it should be", () => {
  const body = JSON.stringify(alertBody());
  const good = signText(body, { secret, id: "msg_1", at: receivedAt });

  test.each([
    { name: "no headers", headers: {} },
    { name: "no id", headers: { ...good, "webhook-id": "" } },
    { name: "another id", headers: { ...good, "webhook-id": "msg_2" } },
    { name: "an id with a space", headers: { ...good, "webhook-id": "msg 1" } },
    { name: "an endless id", headers: { ...good, "webhook-id": "m".repeat(257) } },
    { name: "another time", headers: { ...good, "webhook-timestamp": seconds(secondsLater(1)) } },
    { name: "a time that is no number", headers: { ...good, "webhook-timestamp": "1e9" } },
    { name: "no signature", headers: { ...good, "webhook-signature": "" } },
    { name: "an empty signature", headers: { ...good, "webhook-signature": "v1," } },
    {
      name: "a cut signature",
      headers: { ...good, "webhook-signature": (good["webhook-signature"] ?? "").slice(0, -4) },
    },
    {
      name: "another version",
      headers: { ...good, "webhook-signature": `v2,${good["webhook-signature"]?.slice(3)}` },
    },
    {
      name: "a secret of nobody",
      headers: signText(body, { secret: "whsec_AAAA", id: "msg_1", at: receivedAt }),
    },
  ])("$name: 401, nothing stored, nothing kept", async ({ headers }) => {
    const { url, store, unreadable } = await startReceiver();

    const answer = await post(url, body, headers);

    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect((await store.counts(receivedAt)).alerts).toBe(0);
    expect(unreadable).toEqual([]);
  });

  test("a body of which one byte differs, also where UTF-8 would hide it: 401", async () => {
    const { url } = await startReceiver();
    // Both are decoded to the same text.
    const sent = Buffer.from([...Buffer.from('{"sid":"'), 0xff, ...Buffer.from('"}')]);
    const signed = Buffer.from([...Buffer.from('{"sid":"'), 0xfe, ...Buffer.from('"}')]);

    expect(await post(url, sent, signBytes(signed))).toMatchObject({ status: 401 });
    expect(await post(url, sent, signBytes(sent))).toMatchObject({ status: 202 });
  });

  test("a signature over the text instead of the gzip on the wire: 401", async () => {
    const { url } = await startReceiver();

    const answer = await post(url, gzipSync(body), { ...good, "Content-Encoding": "gzip" });

    expect(answer.status).toBe(401);
  });

  test("guessing is slowed down, together with tokens in the path; the right signature still works", async () => {
    const { url } = await startReceiver();
    const guess = (where: string) =>
      fetch(url + where, { method: "POST", body, headers: { ...good, "webhook-id": "x" } });

    for (let n = 0; n < 30; n += 1) {
      await guess(path);
      await guess(`${path}/wrong`);
    }
    const limited = await guess(path);

    expect(limited.status).toBe(429);
    expect(await postText(url, body)).toMatchObject({ status: 202 });
  });
});

describe("a signed body that can't be unpacked", () => {
  const zipped = gzipSync(Buffer.alloc(40 * 1024 * 1024, " "));
  const lying = Buffer.from(zipped);
  lying.writeUInt32LE(100, lying.length - 4);

  test.each([
    { name: "a bomb", body: zipped, status: 413, code: "BODY_TOO_LARGE" },
    { name: "a bomb that says it is small", body: lying, status: 400, code: "BODY_UNREADABLE" },
    { name: "no gzip", body: Buffer.from(JSON.stringify(alertBody())), status: 400, code: "BODY_UNREADABLE" },
    {
      name: "a cut gzip",
      body: gzipSync(JSON.stringify(alertBody())).subarray(0, 60),
      status: 413,
      code: "BODY_TOO_LARGE",
    },
    { name: "nothing", body: Buffer.alloc(0), status: 400, code: "BODY_UNREADABLE" },
  ])("$name: $status, kept as it came", async ({ body, status, code }) => {
    const { url, unreadable } = await startReceiver();

    const answer = await postPacked(url, body);

    expect(answer).toMatchObject({ status, body: { code } });
    expect(unreadable.map((kept) => Buffer.from(kept.body))).toEqual([body.subarray(0, 65_536)]);
  });

  test.each(["br", "deflate", "gzip, gzip", "x"])("Content-Encoding %s: 400, kept", async (encoding) => {
    const { url, unreadable } = await startReceiver();
    const body = Buffer.from(JSON.stringify(alertBody()));

    const answer = await post(url, body, { ...signBytes(body), "Content-Encoding": encoding });

    expect(answer).toMatchObject({ status: 400, body: { code: "BODY_UNREADABLE" } });
    expect(unreadable).toHaveLength(1);
  });

  test("over 5 MiB on the wire: 413 before the signature is looked at, so nothing is kept", async () => {
    const { url, unreadable } = await startReceiver();
    const body = Buffer.alloc(5 * 1024 * 1024 + 1, " ");

    const answer = await post(url, body, signBytes(body));

    expect(answer).toMatchObject({ status: 413, body: { code: "BODY_TOO_LARGE" } });
    expect(unreadable).toEqual([]);
  });
});
