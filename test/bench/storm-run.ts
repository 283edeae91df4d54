import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import autocannon from "autocannon";
import type { Status } from "../../src/operate/status.ts";

const adminToken = "bench-admin-bench-admin-bench-admin";
export const apiKey = "key";
const connections = 50;

export interface RunningReceiver {
  /** Posts all of these as fast as they are taken. @returns seconds, and how many were refused */
  readonly post: (
    bodies: readonly string[],
  ) => Promise<{ readonly seconds: number; readonly refused: number }>;
  /** Alerts and sightings that wait, parked ones too. */
  readonly waiting: () => number;
  readonly query: (sql: string) => readonly Readonly<Record<string, unknown>>[];
  readonly status: () => Promise<Status>;
  /** Most that was resident, in megabytes. */
  readonly peakMegabytes: () => number;
  readonly stop: () => Promise<void>;
}

export interface ReceiverOptions {
  readonly dir: string;
  readonly virusTotalUrl: string;
  readonly abuseIpdbUrl: string;
  readonly speed: number;
  readonly begin: Date;
  readonly origin: number;
  /** Splunk's event collector; none when left out. */
  readonly hecUrl?: string;
}

/** The receiver in a process of its own, and what can be seen of it from outside. */
export async function startReceiver(options: ReceiverOptions): Promise<RunningReceiver> {
  const { dir, speed, begin, origin } = options;
  const script = join(import.meta.dirname, "storm-receiver.ts");
  const args = [dir, String(speed), String(begin.getTime()), String(origin)];
  const child = spawn(process.execPath, [script, ...args], {
    env: {
      PATH: process.env["PATH"] ?? "",
      ADMIN_TOKEN: adminToken,
      VIRUSTOTAL_URL: options.virusTotalUrl,
      ABUSEIPDB_URL: options.abuseIpdbUrl,
      VIRUSTOTAL_API_KEY: apiKey,
      ABUSEIPDB_API_KEY: apiKey,
      ...(options.hecUrl === undefined ? {} : { SPLUNK_HEC_URL: options.hecUrl }),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      resolve();
    });
  });
  const url = await urlOf(child);
  const database = new DatabaseSync(join(dir, "portcullis.db"), { readOnly: true, timeout: 5000 });
  const count = (where: string): number =>
    Number(database.prepare(`select count(*) as n from ${where}`).get()?.["n"] ?? 0);
  const alertsWaiting = () => count("alerts where due_at is not null");
  return {
    post: (bodies) => post(url, bodies),
    waiting: () => alertsWaiting() + count("sightings where due_at is not null"),
    query: (sql) => database.prepare(sql).all(),
    async status() {
      const headers = { Authorization: `Bearer ${adminToken}` };
      const answer = await fetch(new URL("/api/v1/status", url), { headers });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own API
      return (await answer.json()) as Status;
    },
    peakMegabytes: () => {
      const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? Number.NaN) / 1024;
    },
    async stop() {
      database.close();
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const url = /^(http\S+)\n/.exec(text)?.[1];
      if (url !== undefined) {
        resolve(url);
      }
    });
    child.once("close", () => {
      reject(new Error("the receiver ended before it listened"));
    });
  });
}

async function post(url: string, bodies: readonly string[]): ReturnType<RunningReceiver["post"]> {
  const startedAt = performance.now();
  let next = 0;
  const result = await autocannon({
    url,
    connections,
    amount: bodies.length,
    requests: [
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        setupRequest: (request) => {
          const body = bodies[next % bodies.length] ?? "";
          next += 1;
          return { ...request, body };
        },
      },
    ],
  });
  return { seconds: (performance.now() - startedAt) / 1000, refused: result.non2xx + result.errors };
}

/** Asks again and again, without keeping the processor busy. @returns seconds */
export async function secondsUntil(isSo: () => boolean, mostSeconds: number): Promise<number> {
  const startedAt = performance.now();
  const passed = (): number => (performance.now() - startedAt) / 1000;
  while (!isSo()) {
    if (passed() > mostSeconds) {
      throw new Error(`it did not happen within ${mostSeconds} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return passed();
}
