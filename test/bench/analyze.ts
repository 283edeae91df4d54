import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSshdLog } from "./make-sshd-log.ts";

const logBytes = Number(process.env["BENCH_LOG_BYTES"] ?? 1_000_000_000);
const partBytes = 10_000_000;
const main = join(import.meta.dirname, "../../src/main.ts");

/** `analyze` over 1 GB of sshd's log, beside `grep -c` over the same, and beside `fail2ban-regex` over 10 MB of it. */
export async function benchAnalyze(print: (line: string) => void): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "portcullis-bench-"));
  try {
    const log = join(dir, "auth.log");
    const part = join(dir, "part.log");
    await makeSshdLog(log, logBytes);
    await copyFile(log, part);
    await truncate(part, partBytes);
    const { size } = await stat(log);
    print(`analyze: a log of ${(size / 1e6).toFixed(0)} MB, one line in ten a failed password`);
    const grep = ["grep", "-c", "Failed password", log];
    for (let round = 1; round <= 3; round += 1) {
      const ours = await time(process.execPath, [main, "analyze", log, "--json"]);
      const theirs = await time("env", ["LC_ALL=C", ...grep]);
      print(
        `  round ${round}: analyze ${speed(size, ours)} (${ours.peakMb.toFixed(0)} MB resident at most), grep -c ${speed(size, theirs)}`,
      );
    }
    const small = await time(process.execPath, [main, "analyze", part, "--json"]);
    print(`  10 MB of it, with the start of the process: analyze ${speed(partBytes, small)}`);
    const filter = await time("fail2ban-regex", [part, "sshd"]);
    print(
      filter.exitCode === 0
        ? `  10 MB of it: fail2ban-regex ${speed(partBytes, filter)}`
        : "  fail2ban-regex is not installed here (apt-get install fail2ban): left out",
    );
  } finally {
    await rm(dir, { recursive: true });
  }
}

interface Timed {
  readonly exitCode: number | null;
  readonly seconds: number;
  readonly peakMb: number;
}

function speed(bytes: number, { seconds }: Timed): string {
  return `${seconds.toFixed(2)} s = ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`;
}

/** Runs a program; its memory is looked at every 50 ms. */
function time(command: string, args: readonly string[]): Promise<Timed> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let peakMb = 0;
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
    // Read by somebody: grep stops at the first match when nobody looks.
    child.stdout.resume();
    const watch = setInterval(() => {
      void residentMb(child.pid).then((mb) => {
        peakMb = Math.max(peakMb, mb);
      });
    }, 50);
    const end = (exitCode: number | null): void => {
      clearInterval(watch);
      resolve({ exitCode, seconds: (performance.now() - startMs) / 1000, peakMb });
    };
    child.once("error", () => {
      end(null);
    });
    child.once("exit", end);
  });
}

async function residentMb(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid ?? 0}/status`, "utf8").catch(() => "");
  return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1000;
}
