import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { eventually } from "../fakes/eventually.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { alertBody, path, startReceiver } from "./start-receiver.ts";

describe("a delivery that is refused", () => {
  test("wrong token: 401, nothing kept", async () => {
    const { url, unreadable } = await startReceiver();

    const answer = await request(url).post("/webhooks/splunk/wrong").send("{");

    expect(answer.status).toBe(401);
    expect(answer.type).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(unreadable).toEqual([]);
  });

  test("guessing tokens is slowed down; the right token still works", async () => {
    const { url } = await startReceiver();
    const guess = () => request(url).post("/webhooks/splunk/wrong").send(alertBody());

    const statuses: number[] = [];
    for (let n = 0; n < 61; n += 1) {
      statuses.push((await guess()).status);
    }
    const limited = await guess();
    const right = await request(url).post(path).send(alertBody());

    expect(statuses.slice(0, 60).every((status) => status === 401)).toBe(true);
    expect(limited.status).toBe(429);
    expect(limited.headers["retry-after"]).toBe("60");
    expect(limited.body).toMatchObject({ code: "RATE_LIMITED" });
    expect(right.status).toBe(202);
  });

  test("source not allowed: 403", async () => {
    const { url } = await startReceiver({ sources: ["198.51.100.0/24"] });

    const answer = await request(url).post(path).send(alertBody());

    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "SOURCE_NOT_ALLOWED" });
  });

  test("a stranger outside the sources, without the secret, can't fill the log", async () => {
    let lines = 0;
    const warn = (): void => {
      lines += 1;
    };
    const now = new Date();
    const { url } = await startReceiver({
      sources: ["198.51.100.0/24"],
      log: { ...silentLog, warn },
      now: () => now,
    });
    const headers = {
      "webhook-id": "a",
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": "v1,AAAA",
    };

    const answers = await Promise.all(
      Array.from({ length: 70 }, () => request(url).post("/webhooks/splunk").set(headers).send("{}")),
    );

    expect(answers.filter(({ status }) => status === 403)).toHaveLength(60);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
    expect(lines).toBe(60);
  });

  test("X-Forwarded-For counts only from a trusted proxy", async () => {
    const direct = await startReceiver({ sources: ["198.51.100.0/24"] });
    const proxied = await startReceiver({ sources: ["198.51.100.0/24"], trustProxy: ["127.0.0.1/32"] });
    const post = (url: string) =>
      request(url).post(path).set("X-Forwarded-For", "198.51.100.7").send(alertBody());

    expect((await post(direct.url)).status).toBe(403);
    expect((await post(proxied.url)).status).toBe(202);
  });

  test.each([
    { name: "no JSON", body: "{", code: "BODY_UNREADABLE" },
    { name: "empty", body: "", code: "BODY_UNREADABLE" },
    { name: "an array", body: "[]", code: "PAYLOAD_INVALID" },
    { name: "a string", body: '"x"', code: "PAYLOAD_INVALID" },
    { name: "an empty object", body: "{}", code: "PAYLOAD_INVALID" },
    { name: "a result that is text", body: '{"sid":"1","result":"203.0.113.9"}', code: "PAYLOAD_INVALID" },
  ])("$name: 400, and kept for the operator", async ({ body, code }) => {
    const { url, unreadable, store } = await startReceiver();

    const answer = await request(url).post(path).set("Content-Type", "application/json").send(body);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ status: 400, code });
    expect(unreadable.map((kept) => Buffer.from(kept.body).toString())).toEqual([body]);
    expect((await store.counts(new Date())).unreadableDeliveries).toBe(1);
  });

  test("too large: 413, the first 64 KiB are kept", async () => {
    const { url, unreadable } = await startReceiver();
    const body = JSON.stringify(alertBody({ result: { _raw: "x".repeat(5 * 1024 * 1024) } }));

    const answer = await fetch(url + path, { method: "POST", body });

    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "BODY_TOO_LARGE" });
    expect(Buffer.from(unreadable[0]?.body ?? []).toString()).toBe(body.slice(0, 65_536));
  });

  test("a small gzip that unpacks to too much: 413", async () => {
    const { url } = await startReceiver();

    const answer = await fetch(url + path, {
      method: "POST",
      headers: { "Content-Encoding": "gzip" },
      body: gzipSync(Buffer.alloc(50 * 1024 * 1024, " ")),
    });

    expect(answer.status).toBe(413);
  });

  test.each(["gzip", "deflate", "br"])(
    "a body that is not the %s it says it is: 400, and kept as it came",
    async (encoding) => {
      const { url, unreadable } = await startReceiver();
      const body = JSON.stringify(alertBody());

      const answer = await fetch(url + path, {
        method: "POST",
        headers: { "Content-Encoding": encoding },
        body,
      });

      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: "BODY_UNREADABLE" });
      expect(unreadable.map((kept) => Buffer.from(kept.body).toString())).toEqual([body]);
    },
  );

  test("an encoding that nobody knows: 400, and kept, also when the body comes later than the headers", async () => {
    const { url, unreadable } = await startReceiver();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let heard = "";
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    const body = JSON.stringify(alertBody());

    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Encoding: utf-8\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    setTimeout(() => socket.write(body), 100);

    await eventually("the answer", () => heard.includes("BODY_UNREADABLE"));
    expect(unreadable.map((kept) => Buffer.from(kept.body).toString())).toEqual([body]);
    socket.destroy();
  });

  test("a body that is cut off: what came is kept", async () => {
    const { url, unreadable } = await startReceiver();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);

    const cut = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"sid":"1","result":`;
    socket.write(cut, () => socket.destroy());

    await eventually("the trace", () => unreadable.length === 1);
    expect(Buffer.from(unreadable[0]?.body ?? []).toString()).toBe('{"sid":"1","result":');
  });

  test("too large without a length, and gzipped: 413, what came is kept", async () => {
    const { url, unreadable } = await startReceiver();
    const zipped = gzipSync(Buffer.alloc(50 * 1024 * 1024, " "));

    const answer = await fetch(url + path, {
      method: "POST",
      headers: { "Content-Encoding": "gzip" },
      body: new Blob([zipped]).stream(),
      duplex: "half",
    });

    expect(answer.status).toBe(413);
    expect(Buffer.from(unreadable[0]?.body ?? []).equals(zipped.subarray(0, 65_536))).toBe(true);
  });

  test.each(["GET", "PUT", "DELETE", "HEAD"])("%s: 405, never a redirect", async (method) => {
    const { url } = await startReceiver();

    const answer = await fetch(url + path, { method, redirect: "manual" });

    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
  });

  test.each([
    "/webhooks/splunk",
    "/webhooks/splunk/",
    "/",
    "//webhooks/splunk/x/y",
    "/webhooks/splunk/%E0%A4%A",
  ])("%s is answered with an error, never a redirect", async (where) => {
    const { url } = await startReceiver();

    const answer = await fetch(url + where, { method: "POST", body: "{}", redirect: "manual" });

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
  });

  test("store can't commit: 503 with Retry-After, and the next one works", async () => {
    let isFull = true;
    const { url } = await startReceiver({
      insert: (alerts) =>
        isFull
          ? Promise.reject(new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true }))
          : Promise.resolve(alerts.map(() => true)),
    });

    const refused = await request(url).post(path).send(alertBody());
    isFull = false;
    const taken = await request(url).post(path).send(alertBody());

    expect(refused.status).toBe(503);
    expect(refused.headers["retry-after"]).toBe("5");
    expect(refused.body).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(taken.status).toBe(202);
  });

  test("a bug: 500 with a number, the message stays in the log", async () => {
    const logged: object[] = [];
    const { url } = await startReceiver({
      insert: () => Promise.reject(new Error("secret internals")),
      log: { ...silentLog, error: (fields) => void logged.push(fields) },
    });

    const answer = await request(url).post(path).send(alertBody());

    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("secret internals");
    expect(JSON.stringify(logged)).toContain("secret internals");
    expect(answer.body.detail).toContain(JSON.parse(JSON.stringify(logged[0])).id);
  });
});
