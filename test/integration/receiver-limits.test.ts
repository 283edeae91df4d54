import { connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { alertBody, path, receivedAt, startReceiver } from "./start-receiver.ts";

const post = async (url: string, body: object = alertBody()) => {
  const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: await answer.text() };
};

/** A connection that says this, and nothing more. */
function open(url: string, said: string, localAddress = "127.0.0.1") {
  const { port } = new URL(url);
  const socket: Socket = connect({ port: Number(port), host: "127.0.0.1", localAddress });
  let heard = "";
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(said);
  return { socket, heard: () => heard, isClosed: () => isClosed };
}

const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
const impatient = { headersMs: 300, requestMs: 600, checkMs: 50 };

describe("a rate", () => {
  test("of one source: 429 with Retry-After, counted, told once", async () => {
    const { url, refusals, alarms, store } = await startReceiver({ rates: { perSource: 3, perToken: null } });

    const answers = await Promise.all(
      Array.from({ length: 7 }, (_, n) => post(url, alertBody({ sid: `${n}` }))),
    );

    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202, 202, 202, 429, 429, 429, 429,
    ]);
    expect(answers.find(({ status }) => status === 429)).toMatchObject({ retryAfter: "60" });
    expect(refusals.counts()).toEqual({ rate_limited: 4, overloaded: 0, too_many_connections: 0 });
    expect(alarms).toEqual(["receiver-rate-limited"]);
    expect((await store.counts(receivedAt)).alerts).toBe(3);
  });

  test("of one token: the other token is not touched by it", async () => {
    const { url } = await startReceiver({ rates: { perSource: null, perToken: 2 } });
    const statuses: number[] = [];
    for (const token of [
      "integration-token-1",
      "integration-token-1",
      "integration-token-1",
      "integration-token-2",
    ]) {
      const answer = await fetch(`${url}/webhooks/splunk/${token}`, {
        method: "POST",
        body: JSON.stringify(alertBody()),
      });
      statuses.push(answer.status);
    }

    expect(statuses).toEqual([202, 202, 429, 202]);
  });
});

describe("when the store is slow", () => {
  /** Commits wait until they are let go. */
  async function startSlow(known: { readonly mostDeliveries: number; readonly mostBytes: number }) {
    const held: (() => void)[] = [];
    const receiver = await startReceiver({
      bounds: { known: { ...known, shareOfSender: 1 } },
      insert: (alerts) =>
        new Promise((resolve) => {
          held.push(() => {
            resolve(alerts.map(() => true));
          });
        }),
    });
    const letGo = (): void => {
      for (const release of held.splice(0)) {
        release();
      }
    };
    return { ...receiver, held, letGo };
  }

  test("too many deliveries: 503 with Retry-After at once, and everything that waits is taken in the end", async () => {
    const { url, held, letGo, refusals, alarms } = await startSlow({ mostDeliveries: 5, mostBytes: 1e9 });

    const waiting = Array.from({ length: 5 }, (_, n) => post(url, alertBody({ sid: `w${n}` })));
    await eventually("a commit", () => held.length > 0);
    await eventually("the receiver is full", async () => (await post(url)).status === 503);
    const refused = await post(url);
    letGo();
    await eventually("the next commit", () => {
      letGo();
      return held.length === 0;
    });
    const done = setInterval(letGo, 5);
    onTestFinished(() => {
      clearInterval(done);
    });

    expect(refused).toMatchObject({ status: 503, retryAfter: "5" });
    expect(JSON.parse(refused.text)).toMatchObject({ code: "OVERLOADED" });
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect(await post(url)).toMatchObject({ status: 202 });
    expect(refusals.counts().overloaded).toBeGreaterThan(0);
    expect(alarms).toEqual(["receiver-overloaded"]);
  });

  test("too many bytes: a body is refused before it is read", async () => {
    const { url, held, letGo } = await startSlow({ mostDeliveries: 1000, mostBytes: 1_000_000 });
    const first = post(url, alertBody({ result: { _raw: "x".repeat(900_000) } }));
    await eventually("a commit", () => held.length > 0);

    const { heard } = open(url, `${head}Content-Length: 200000\r\n\r\n`);

    await eventually("the refusal", () => heard().includes("503"));
    expect(heard()).toContain("OVERLOADED");
    expect(heard()).toMatch(/connection: close/i);
    letGo();
    expect(await first).toMatchObject({ status: 202 });
  });
});

describe("a sender that is slow on purpose", () => {
  test.each([
    { name: "says nothing", said: "" },
    { name: "never ends its headers", said: `${head}X-A: b\r\n` },
    { name: "never ends its body", said: `${head}Content-Length: 100\r\n\r\n{` },
    { name: "never ends a chunk", said: `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{` },
  ])("one that $name is let go, and its place is free again", async ({ said }) => {
    const { url } = await startReceiver({
      bounds: { ...impatient, known: { mostDeliveries: 1, mostBytes: 1e9, shareOfSender: 1 } },
    });

    const { isClosed, heard } = open(url, said);

    await eventually("the end of the connection", isClosed);
    expect(heard()).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
    const answer = await eventually("another delivery", async () => {
      const next = await post(url);
      return next.status === 503 ? undefined : next;
    });
    expect(answer.status).toBe(202);
  });

  test("one that drips a byte now and then gets no more time", async () => {
    const { url } = await startReceiver({ bounds: impatient });
    const { socket, isClosed, heard } = open(url, `${head}Content-Length: 100000\r\n\r\n{`);
    const drip = setInterval(() => socket.write(" "), 20);
    onTestFinished(() => {
      clearInterval(drip);
    });

    await eventually("the end of the connection", isClosed);
    expect(heard()).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
  });

  test("one that holds very many connections leaves room for others", async () => {
    const { url, refusals, alarms } = await startReceiver({
      bounds: { mostConnections: 60, mostOfSender: 40 },
    });
    const mine = Array.from({ length: 50 }, () => open(url, "", "127.0.0.2"));
    await eventually("the surplus is closed", () => mine.filter(({ isClosed }) => isClosed()).length === 10);

    const answers = await Promise.all([1, 2, 3].map((n) => post(url, alertBody({ sid: `${n}` }))));

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    for (const { socket } of mine) {
      socket.destroy();
    }
    expect(refusals.counts().too_many_connections).toBe(10);
    expect(alarms).toEqual(["receiver-too-many-connections"]);
  });
});

test("connections that are refused because all senders together hold too many are counted and told", async () => {
  const { url, refusals, alarms } = await startReceiver({ bounds: { mostConnections: 3, mostOfSender: 3 } });
  const mine = Array.from({ length: 5 }, (_, n) => open(url, "", `127.0.0.${n + 2}`));

  await eventually("two are closed", () => mine.filter(({ isClosed }) => isClosed()).length === 2);

  expect(refusals.counts().too_many_connections).toBe(2);
  expect(alarms).toEqual(["receiver-too-many-connections"]);
  for (const { socket } of mine) {
    socket.destroy();
  }
});

describe("JSON that is made to hurt", () => {
  const nested = (depth: number) => `{"sid":"1","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  const keyed = (count: number) =>
    `{"sid":"1","result":{${Array.from({ length: count }, (_, n) => `"k${n}":"1"`).join()}}}`;

  test.each([
    { name: "nested 64 deep", body: nested(64), status: 202 },
    { name: "nested 65 deep", body: nested(65), status: 400 },
    { name: "brackets in a text", body: `{"sid":"${"[".repeat(1000)}"}`, status: 202 },
    { name: "5 MiB of brackets", body: "[".repeat(5 * 1024 * 1024), status: 400 },
    { name: "a row of 10,000 keys", body: keyed(10_000), status: 202 },
    { name: "a row of 10,001 keys", body: keyed(10_001), status: 400 },
  ])("$name: $status", async ({ body, status }) => {
    const { url, unreadable } = await startReceiver();

    const answer = await fetch(url + path, { method: "POST", body });

    expect(answer.status).toBe(status);
    expect(unreadable).toHaveLength(status === 400 ? 1 : 0);
  });
});
