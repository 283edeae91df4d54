import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FirewallHost } from "./namespaces.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

/** `node src/main.ts …` with nothing in its environment but what the test gives it. */
export interface PortcullisProcess {
  readonly child: ChildProcess;
  /** What it printed so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** `http://127.0.0.1:…`, once the first screen is out. Rejects when it ends before. */
  readonly listening: Promise<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** The key that the stand-ins of the providers expect. */
export const apiKey = "key";

/** Settings of a receiver in mode enforce, with these providers and this firewall; writes the login key into `dir`. */
export function enforcingSettings(parts: {
  readonly dir: string;
  readonly token: string;
  readonly host: FirewallHost;
  readonly virusTotalUrl: string;
  readonly abuseIpdbUrl: string;
}): Readonly<Record<string, string>> {
  const { dir, token, host, virusTotalUrl, abuseIpdbUrl } = parts;
  const keyFile = join(dir, "ssh_key");
  writeFileSync(keyFile, host.privateKey ?? "", { mode: 0o600 });
  return {
    HOST: "127.0.0.1",
    PORT: "0",
    MODE: "enforce",
    WEBHOOK_TOKEN: token,
    ALLOW_DOCUMENTATION_ADDRESSES: "true",
    VIRUSTOTAL_API_KEY: apiKey,
    VIRUSTOTAL_URL: virusTotalUrl,
    ABUSEIPDB_API_KEY: apiKey,
    ABUSEIPDB_URL: abuseIpdbUrl,
    SSH_HOST: host.sshHost,
    SSH_PORT: String(host.sshPort),
    SSH_USER: host.user,
    SSH_PRIVATE_KEY_FILE: keyFile,
    SSH_HOST_KEY: host.hostKey,
  };
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

export function runPortcullis(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  input = "",
): PortcullisProcess {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  running.add(child);
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const url = /listening on (\S+)\n[\s\S]*\n\n$/.exec(out)?.[1];
      if (url !== undefined) {
        resolve(url);
      }
    });
    void ended.then((how) => {
      reject(new Error(`ended with ${String(how)} before it listened: ${err}`));
    });
  });
  // A test that only looks at how it ended does not await this.
  listening.catch(() => undefined);
  return { child, out: () => out, err: () => err, listening, ended };
}
