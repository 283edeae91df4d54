import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";

const rounds = 3;
const seconds = 10;
const connections = 50;
const token = "bench-token-bench-token";

const Run = z.object({ perSecond: z.number(), p50Ms: z.number(), p99Ms: z.number(), refused: z.number() });
type Run = z.infer<typeof Run>;

interface Contender {
  readonly name: string;
  /** Arguments for node; the last lines of its output hold the port. */
  readonly args: (dir: string) => readonly string[];
  readonly env: (dir: string) => Readonly<Record<string, string>>;
}

const here = import.meta.dirname;
const bare = (name: string, table: string): Contender => ({
  name,
  args: (dir) => [join(here, "bare-server.ts"), table, join(dir, "bare.db")],
  env: () => ({}),
});
const contenders: readonly Contender[] = [
  bare("bare node:http, a table of its own", "own"),
  bare("bare node:http, our table and indexes", "same"),
  { name: "Express that only parses", args: () => [join(here, "express-server.ts")], env: () => ({}) },
  {
    name: "Portcullis, everything on",
    args: () => [join(here, "../../src/main.ts"), "serve"],
    env: (dir) => ({ DATA_DIR: join(dir, "data"), HOST: "127.0.0.1", PORT: "0", WEBHOOK_TOKEN: token }),
  },
];

/** Alerts per second and latencies, medians of three interleaved rounds, on the disk as it is and with a slow fsync. */
export async function benchReceiver(print: (line: string) => void): Promise<void> {
  print(`Receiver: ${connections} connections, ${seconds} s, medians of ${rounds} interleaved rounds`);
  await compare(print, contenders, {});
  const library = compileSlowFsync();
  if (library === undefined) {
    print("(no C compiler: the slow disk is left out)");
    return;
  }
  print("The same, each fsync 5 ms slower");
  try {
    const durable = contenders.filter(({ name }) => !name.startsWith("Express"));
    await compare(print, durable, { LD_PRELOAD: library, SLOW_FSYNC_US: "5000" });
  } finally {
    rmSync(dirname(library), { recursive: true });
  }
}

async function compare(
  print: (line: string) => void,
  list: readonly Contender[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const runs = new Map<string, Run[]>(list.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of list) {
      runs.get(contender.name)?.push(await measure(contender, env));
    }
  }
  const limit = median(runs.get(contenders[0]?.name ?? "") ?? [], "perSecond");
  for (const [name, results] of runs) {
    const perSecond = median(results, "perSecond");
    const refused = results.reduce((sum, run) => sum + run.refused, 0);
    print(
      `  ${name.padEnd(38)} ${perSecond.toFixed(0).padStart(7)}/s  ${((100 * perSecond) / limit).toFixed(0).padStart(4)} %  p50 ${median(results, "p50Ms")} ms  p99 ${median(results, "p99Ms")} ms  refused ${refused}`,
    );
  }
}

async function measure(contender: Contender, env: Readonly<Record<string, string>>): Promise<Run> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  const logFile = openSync(join(dir, "log"), "w");
  const server = spawn(process.execPath, contender.args(dir), {
    env: { PATH: process.env["PATH"] ?? "", ...contender.env(dir), ...env },
    stdio: ["ignore", "pipe", logFile],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  try {
    const port = await portOf(server.stdout);
    const url = `http://127.0.0.1:${port}/webhooks/splunk/${token}`;
    const output = await runNode([join(here, "load.ts"), url, String(connections), String(seconds)]);
    return Run.parse(JSON.parse(output));
  } finally {
    server.kill("SIGKILL");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

function portOf(output: NodeJS.ReadableStream | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    output?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const port = /^(\d+)\n/.exec(text)?.[1] ?? /listening on https?:\/\/[^\s]+:(\d+)/.exec(text)?.[1];
      if (port !== undefined) {
        resolve(port);
      }
    });
    output?.on("end", () => {
      reject(new Error(`the server ended before it listened: ${text}`));
    });
  });
}

async function runNode(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  return text;
}

function compileSlowFsync(): string | undefined {
  const library = join(mkdtempSync(join(tmpdir(), "portcullis-bench-")), "slow-fsync.so");
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, join(here, "slow-fsync.c"), "-ldl"]);
    return library;
  } catch {
    return undefined;
  }
}

function median(runs: readonly Run[], key: "perSecond" | "p50Ms" | "p99Ms"): number {
  const sorted = runs.map((run) => run[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
