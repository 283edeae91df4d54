import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import type { ExitCode, Host } from "../../src/cli/host.ts";

/** Where a command is run: a directory with its settings. */
export interface Desk {
  readonly dir: string;
  /** Runs a command there, with this on its standard input. */
  run(command: (host: Host) => Promise<ExitCode>, input?: string): Promise<Ended>;
}

export interface Ended {
  /** The error's code and message when it throws, as `portcullis` prints them. */
  readonly code: ExitCode | string;
  readonly out: string;
  readonly err: string;
}

/** How to log in to a host, as tests have it. */
export interface LoginParts {
  readonly sshHost: string;
  readonly sshPort: number;
  readonly user: string;
  readonly privateKey: string | null;
  readonly hostKey: string;
}

/** A directory with a portcullis.yaml in which this host is edge-1, with these settings of it beside the usual ones. */
export function openDesk(
  host: LoginParts,
  changes: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
): Desk {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-onboarding-"));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const keyFile = join(dir, "ssh_key");
  writeFileSync(keyFile, host.privateKey ?? "", { mode: 0o600 });
  const item = {
    name: "edge-1",
    host: host.sshHost,
    port: host.sshPort,
    user: host.user,
    hostKey: host.hostKey,
    ...(host.privateKey === null ? {} : { privateKeyFile: keyFile }),
    ...changes,
  };
  const set = Object.entries(item).filter(([, value]) => value !== null);
  writeFileSync(join(dir, "portcullis.yaml"), stringify({ firewalls: [Object.fromEntries(set)] }));
  return {
    dir,
    async run(command, input = "") {
      let [out, err] = ["", ""];
      const code = await command({
        env: { HOST: "127.0.0.1", PORT: "1", ...env },
        cwd: dir,
        hostname: "controller",
        pid: process.pid,
        isRoot: true,
        nodePath: process.execPath,
        stopSignal: new AbortController().signal,
        stdin: Readable.from([input]),
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        onCrash: () => undefined,
      }).catch(described);
      return { code, out, err };
    },
  };
}

function described(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "BUG";
  return `${code}: ${error instanceof Error ? error.message : String(error)}`;
}
