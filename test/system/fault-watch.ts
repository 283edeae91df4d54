import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { FirewallHost } from "./namespaces.ts";

/** Addresses that must reach the host whatever happens: its gateway, and one of each family that is on the allow-list. */
export const protectedSources = ["203.0.113.254", "203.0.113.12", "2001:db8:0:1::11"] as const;

export interface Watched {
  readonly sent: number;
  readonly lost: number;
  /** Source and number of the first packet that was lost. */
  readonly first: string | null;
}

/** Sends from every protected source to the host each 20 ms. */
export interface Watch {
  /** What became of the packets since the last report. */
  report(): Promise<Watched>;
  stop(): void;
}

/** Begins at once; ends with the host's namespaces at the latest. */
export async function watchProtected(host: FirewallHost): Promise<Watch> {
  const program = join(import.meta.dirname, "watch-agent.ts");
  const attacker = host.namespace.replace(/f$/, "a");
  const child = spawn(
    "ip",
    ["netns", "exec", attacker, process.execPath, program, host.own.v4, host.own.v6, ...protectedSources],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdout.setEncoding("utf8");
  await once(child.stdout, "data");
  return {
    async report() {
      child.stdin.write("report\n");
      const [line] = await once(child.stdout, "data");
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own agent writes these lines
      return JSON.parse(String(line)) as Watched;
    },
    stop() {
      child.kill("SIGKILL");
    },
  };
}
