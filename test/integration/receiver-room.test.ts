import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { alertBody, path, receivedAt, signingSecrets, startReceiver } from "./start-receiver.ts";

const seconds = String(Math.floor(receivedAt.getTime() / 1000));

/** The headers of a signed delivery, over exactly these bytes. */
function signed(body: Uint8Array, id: string) {
  const key = Buffer.from((signingSecrets[0] ?? "").slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` };
}

async function postSigned(url: string, id: string, isPacked: boolean): Promise<number> {
  const text = Buffer.from(JSON.stringify(alertBody({ sid: id })));
  const body = isPacked ? gzipSync(text) : text;
  const encoding = isPacked ? { "Content-Encoding": "gzip" } : {};
  const headers = { ...signed(body, id), ...encoding };
  return (await fetch(`${url}/webhooks/splunk`, { method: "POST", headers, body: new Blob([body]) })).status;
}

/** A sender that says this, and no more. */
function open(url: string, said: string, localAddress: string) {
  const socket: Socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", localAddress });
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on("error", () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.write(said);
  return { socket, heard: () => heard };
}

const passed = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A receiver whose commits wait until they are let go. */
async function startHeld(bounds: NonNullable<Parameters<typeof startReceiver>[0]>["bounds"] = {}) {
  const held: (() => void)[] = [];
  let isHeld = true;
  let inserted = 0;
  const receiver = await startReceiver({
    bounds,
    insert: (alerts) =>
      new Promise((resolve) => {
        const go = (): void => {
          inserted += alerts.length;
          resolve(alerts.map(() => true));
        };
        if (isHeld) {
          held.push(go);
        } else {
          go();
        }
      }),
  });
  const letGo = (): void => {
    isHeld = false;
    for (const go of held.splice(0)) {
      go();
    }
  };
  return { ...receiver, held, letGo, inserted: () => inserted };
}

test("many small signed gzips of one sender at once: each takes the room of what it sends, not of the largest", async () => {
  const { url, letGo, held } = await startHeld();

  const answers = Array.from({ length: 12 }, (_, n) => postSigned(url, `m${n}`, true));
  await eventually("a commit", () => held.length > 0);
  setTimeout(letGo, 200);

  expect(await Promise.all(answers)).toEqual(Array.from({ length: 12 }, () => 202));
});

test("who has proved nothing can't hold every place of signed deliveries, however small what it sends", async () => {
  const { url } = await startReceiver({
    bounds: { unproved: { mostDeliveries: 6, mostBytes: 1e9, shareOfSender: 0.5 } },
  });
  const head = `POST /webhooks/splunk HTTP/1.1\r\nHost: x\r\nwebhook-id: a\r\nwebhook-timestamp: ${seconds}\r\nwebhook-signature: v1,AAAA\r\nContent-Length: 10\r\n\r\n{`;
  const slow = Array.from({ length: 8 }, () => open(url, head, "127.0.0.2"));

  await eventually(
    "five are refused",
    () => slow.filter(({ heard }) => heard().includes("OVERLOADED")).length === 5,
  );

  expect(await postSigned(url, "good", false)).toBe(202);
  for (const { socket } of slow) {
    socket.destroy();
  }
});

test("a sender that goes away holds its place until its alert is stored", async () => {
  const { url, held, letGo, inserted } = await startHeld({
    known: { mostDeliveries: 2, mostBytes: 1e9, shareOfSender: 1 },
  });
  const body = (sid: string): string => JSON.stringify(alertBody({ sid }));
  const post = async (sid: string) =>
    (await fetch(url + path, { method: "POST", body: body(sid), signal: AbortSignal.timeout(2000) })).status;
  const gone = ["a", "b"].map((sid) =>
    open(
      url,
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body(sid).length}\r\n\r\n${body(sid)}`,
      "127.0.0.1",
    ),
  );
  await eventually("a commit", () => held.length > 0);
  await passed(200);
  expect(await post("c")).toBe(503);
  await Promise.all(
    gone.map(
      ({ socket }) =>
        new Promise((resolve) => {
          socket.once("close", resolve).destroy();
        }),
    ),
  );
  await passed(100);

  expect(await post("d")).toBe(503);
  letGo();
  await eventually("both are stored", () => inserted() === 2);
  expect(await eventually("a place", async () => ((await post("e")) === 202 ? 202 : undefined))).toBe(202);
});

test("an alert whose addresses can't be counted is taken all the same", async () => {
  const { url, store } = await startReceiver({
    countAddresses: () => {
      throw new Error("a bug");
    },
  });

  const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(alertBody()) });

  expect(answer.status).toBe(202);
  expect((await store.counts(receivedAt)).alerts).toBe(1);
});
