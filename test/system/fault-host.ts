import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { promisify } from "node:util";
import type { FirewallHost, Ran } from "./namespaces.ts";

const run = promisify(execFile);

/** Runs a command of a shell where the host's sshd runs: in its network and with its view of the files. */
export async function inside(host: Pick<FirewallHost, "sshdPids">, command: string): Promise<Ran> {
  const [pid] = await host.sshdPids();
  const { stdout, stderr } = await run("nsenter", ["-t", `${pid}`, "-m", "-n", "sh", "-ec", command]);
  return { code: 0, stdout, stderr };
}

/** Where the files of the host's sshd lie. */
export async function sshdDirectory(host: Pick<FirewallHost, "sshdPids">): Promise<string> {
  const [pid] = await host.sshdPids();
  return / -f (\S+)\/sshd_config/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.[1] ?? "";
}

/** Kills sshd with all its connections, as `kill -9` or a power cut does. */
export async function killSshd(host: Pick<FirewallHost, "sshdPids">): Promise<void> {
  signalAll(await host.sshdPids(), "SIGKILL");
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Takes everything out of the kernel, of us and of others, in both variants of iptables. */
export async function wipeAll(host: Pick<FirewallHost, "exec">): Promise<void> {
  const tables = "for n in raw mangle nat filter; do $t -t $n -F && $t -t $n -X; done";
  await host.exec(
    "sh",
    "-c",
    `nft flush ruleset; for t in iptables-legacy ip6tables-legacy; do ${tables}; done 2>/dev/null; ipset destroy`,
  );
}

/** Whether the host takes a TCP connection within half a second. */
export function answers({ sshHost, sshPort }: Pick<FirewallHost, "sshHost" | "sshPort">): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: sshHost, port: sshPort, timeout: 500 });
    const end = (answered: boolean) => (): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.on("connect", end(true)).on("timeout", end(false)).on("error", end(false));
  });
}

/** Processes of `portcullis-fw.sh` that run on the host. */
export async function scriptsOn(host: Pick<FirewallHost, "namespace">): Promise<readonly number[]> {
  const { stdout } = await run("ip", ["netns", "pids", host.namespace]);
  const pids = stdout.split("\n").filter((pid) => pid !== "");
  return pids.map(Number).filter((pid) => argumentsOf(pid).includes("portcullis-fw"));
}

function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it has ended meanwhile
  }
}
