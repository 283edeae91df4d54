/**
 * `npm run soak [-- --minutes 10 --rate 500]`: a real receiver under a steady stream of alerts, some new, some repeated, some junk, some large.
 * Prints its memory every 10 s and fails when it isn't flat or when an answer is not what it should be.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { signText } from "../fakes/sign-delivery.ts";
import { judgeMemory, plotMemory, type Reading } from "./soak-memory.ts";

const { values } = parseArgs({ options: { minutes: { type: "string" }, rate: { type: "string" } } });
const minutes = Number(values.minutes ?? 10);
const rate = Number(values.rate ?? 500);
const readEveryMs = 10_000;
const tickMs = 20;

const token = "soak-token-soak-token";
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const dir = mkdtempSync(join(tmpdir(), "portcullis-soak-"));
const print = (line: string): void => {
  console.log(line);
};

interface Delivery {
  readonly path: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly expected: number;
}

const stock = `/webhooks/splunk/${token}`;
const second = Math.floor(Date.now() / 1000);

/** A different address each time it wraps around: 60 million of them, none of which is anybody's to be asked about. */
function addressOf(n: number): string {
  return `${11 + (n % 80)}.${(n >> 3) % 256}.${(n >> 7) % 256}.${1 + (n % 250)}`;
}

function alertText(n: number, ip: string): string {
  const result = {
    src_ip: ip,
    count: String(n % 90),
    user: ["root", `u${n % 1000}`],
    _raw: `Failed password ${n}`,
  };
  return JSON.stringify({
    sid: `scheduler__a__s__RMD5_at_${second}_${n}`,
    search_name: `search ${n % 20}`,
    result,
  });
}

/** One in a hundred of these kinds, the others are alerts about new or known addresses. */
function deliveryOf(n: number): Delivery {
  const plain = (body: string, expected: number, path = stock): Delivery => ({
    path,
    body: Buffer.from(body),
    headers: {},
    expected,
  });
  switch (n % 100) {
    case 0:
      return plain("<alert>", 400);
    case 1:
      return plain("[".repeat(5000), 400);
    case 2:
      return plain("{}", 401, "/webhooks/splunk/wrong");
    case 3: {
      const body = alertText(n, addressOf(n));
      return {
        ...plain(body, 202, "/webhooks/splunk"),
        headers: signText(body, { secret, id: `s${n}`, at: new Date() }),
      };
    }
    case 4: {
      const body = gzipSync(alertText(n, addressOf(n)));
      return { path: stock, body, headers: { "Content-Encoding": "gzip" }, expected: 202 };
    }
    case 5:
      return plain(
        JSON.stringify({
          sid: `many${n}`,
          results: Array.from({ length: 200 }, (_, k) => ({ src_ip: addressOf(n + k) })),
          more: { n },
        }),
        202,
      );
    case 6:
      return plain(
        JSON.stringify({
          sid: `none${n}`,
          search_name: `v${n}`,
          result: { attacker: "mallory", [`f${n}`]: "x" },
        }),
        202,
      );
    default:
      return n % 100 < 40
        ? plain(alertText(n - (n % 50), "11.0.0.1"), 202)
        : plain(alertText(n, addressOf(n % 100 < 70 ? n : n % 5000)), 202);
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 60 });
const counts = { sent: 0, answered: 0, wrong: 0, byStatus: new Map<number, number>() };

function send(url: URL, { path, body, headers, expected }: Delivery): void {
  counts.sent += 1;
  const note = (status: number): void => {
    counts.answered += 1;
    counts.byStatus.set(status, (counts.byStatus.get(status) ?? 0) + 1);
    // Wrong tokens are slowed down.
    counts.wrong += status === expected || (expected === 401 && status === 429) ? 0 : 1;
  };
  const sending = request(
    {
      agent,
      host: url.hostname,
      port: url.port,
      path,
      method: "POST",
      headers: { ...headers, "Content-Length": body.length },
    },
    (answer) => {
      answer.resume();
      answer.once("end", () => {
        note(answer.statusCode ?? 0);
      });
    },
  );
  sending.once("error", () => {
    note(0);
  });
  sending.end(body);
}

function start(): ChildProcess {
  const settings = join(dir, "portcullis.yaml");
  // Nothing leaves this machine, and nothing is waited for.
  writeFileSync(settings, "lists: { spamhausDrop: false }\n");
  const log = openSync(join(dir, "log"), "w");
  return spawn(process.execPath, [join(import.meta.dirname, "../../src/main.ts"), "serve"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      DATA_DIR: join(dir, "data"),
      HOST: "127.0.0.1",
      PORT: "0",
      WEBHOOK_TOKEN: token,
      WEBHOOK_SIGNING_SECRET: secret,
      CONFIG_FILE: settings,
      LOG_LEVEL: "error",
    },
    stdio: ["ignore", "pipe", log],
  });
}

function urlOf(child: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /listening on (\S+)/.exec(text)?.[1];
      if (found !== undefined) {
        resolve(new URL(found));
      }
    });
    void ended.then(() => {
      reject(new Error("the receiver ended before it listened, or in between"));
    });
  });
}

/** As the receiver tells it: what is resident, and what of it the program really holds. */
async function readMemory(url: URL, seconds: number): Promise<Reading> {
  const text = await (await fetch(new URL("/metrics", url))).text();
  const megabytesOf = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN) / 2 ** 20;
  return {
    seconds,
    megabytes: megabytesOf("process_resident_memory_bytes"),
    heldMegabytes: megabytesOf("nodejs_heap_size_used_bytes") + megabytesOf("nodejs_external_memory_bytes"),
    waiting:
      Number(/^portcullis_alerts_waiting (\d+)$/m.exec(text)?.[1] ?? 0) +
      Number(/^portcullis_sightings_waiting (\d+)$/m.exec(text)?.[1] ?? 0),
  };
}

/** Sends `rate` a second for the whole time, and reads the memory meanwhile. */
async function soak(url: URL): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  const startMs = performance.now();
  const passed = (): number => performance.now() - startMs;
  while (passed() < minutes * 60_000) {
    // Many that wait for their answer are a receiver that can't keep up: told in the end, not made worse.
    while (counts.sent < (passed() / 1000) * rate && counts.sent - counts.answered < 2000) {
      send(url, deliveryOf(counts.sent));
    }
    if (passed() > readings.length * readEveryMs) {
      const reading = await readMemory(url, Math.round(passed() / 1000));
      readings.push(reading);
      print(
        `${String(reading.seconds).padStart(5)} s  ${reading.megabytes.toFixed(0).padStart(5)} MB (${reading.heldMegabytes.toFixed(0)} held)  ${counts.answered} answered, ${counts.wrong} wrong, ${reading.waiting} wait`,
      );
    }
    await new Promise((resolve) => {
      setTimeout(resolve, tickMs);
    });
  }
  return readings;
}

const child = start();
const ended = new Promise((resolve) => child.once("exit", resolve));
try {
  const readings = await soak(await urlOf(child));
  print(plotMemory(readings));
  const verdict = judgeMemory(readings);
  print(
    `Answers by status: ${[...counts.byStatus].map(([status, n]) => `${status}: ${n}`).join(", ")}; ${(counts.answered / minutes / 60).toFixed(0)} a second`,
  );
  print(verdict.text);
  process.exitCode = verdict.isFlat && counts.wrong === 0 && child.exitCode === null ? 0 : 1;
} finally {
  child.kill("SIGKILL");
  await ended;
  agent.destroy();
  rmSync(dir, { recursive: true, force: true });
}
