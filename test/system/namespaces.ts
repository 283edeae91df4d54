import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Attacker, startAgents } from "./attacker.ts";
import { type FirewallHostOptions, privateView, sshPort, writeSshFiles } from "./sshd-files.ts";

const run = promisify(execFile);

/** A Linux firewall host of its own, in a network namespace: its own addresses, tables, sets and sshd. */
export interface FirewallHost {
  /** The name of its network namespace, for `ip netns exec`. */
  readonly namespace: string;
  readonly sshHost: string;
  readonly sshPort: number;
  readonly user: string;
  /** Null when the host takes passwords. */
  readonly privateKey: string | null;
  /** `SHA256:…` */
  readonly hostKey: string;
  /** The line of a known_hosts file. */
  readonly knownHosts: string;
  /** Where the attacker's packets go, and what never may be dropped. */
  readonly own: { readonly v4: string; readonly v6: string; readonly gateway: string };
  readonly attacker: Attacker;
  /** Runs a command in the host's namespace; does not throw when it fails. */
  exec(...argv: readonly string[]): Promise<Ran>;
  /** The same, among the files that sshd and its sessions see: what was covered or made there. */
  execInside(...argv: readonly string[]): Promise<Ran>;
  /** The processes of sshd: its listener first, then those of its connections. */
  sshdPids(): Promise<readonly number[]>;
  startSshd(): Promise<void>;
  /** Removes everything. Harmless when called twice. */
  stop(): Promise<void>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why system tests can't run on this machine; null when they can. */
export function systemTestsPossible(): string | null {
  if (process.getuid?.() !== 0) {
    return "needs root, to make network namespaces";
  }
  for (const tool of [
    "ip",
    "iptables",
    "ip6tables",
    "ipset",
    "nft",
    "ping",
    "/usr/sbin/sshd",
    "ssh-keygen",
    "openssl",
  ]) {
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) {
      return `needs ${tool}`;
    }
  }
  const name = `pcl-${process.pid}-x`;
  const made = spawnSync("ip", ["netns", "add", name]);
  const usable = made.status === 0 && spawnSync("ip", ["netns", "exec", name, "iptables", "-t", "raw", "-S"]);
  spawnSync("ip", ["netns", "del", name]);
  return usable !== false && usable.status === 0 ? null : "needs network namespaces with netfilter";
}

/** Null, or why the tests are to be skipped. Throws where PORTCULLIS_REQUIRE_SYSTEM=1 forbids to skip them. */
export function skipSystemTests(): string | null {
  const reason = systemTestsPossible();
  if (reason !== null && process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1") {
    throw new Error(`PORTCULLIS_REQUIRE_SYSTEM=1, but this machine ${reason}`);
  }
  return reason;
}

let hosts = 0;

/** Starts a firewall host and an attacker beside it. The root namespace gets one veth, and its firewall stays as it is. */
export async function startFirewallHost(options: FirewallHostOptions = {}): Promise<FirewallHost> {
  sweep();
  hosts += 1;
  const id = `${process.pid}-${hosts}`;
  const [fw, atk] = [`pcl-${id}-f`, `pcl-${id}-a`];
  const link = `pc${id}`;
  const net = ((process.pid * 7 + hosts) % 16_384) * 4;
  const base = `10.201.${net >> 8}`;
  const [ours, theirs] = [`${base}.${(net & 255) + 1}`, `${base}.${(net & 255) + 2}`];
  const own = { v4: "203.0.113.1", v6: "2001:db8:0:1::1", gateway: "203.0.113.254" };
  const dir = mkdtempSync(join(tmpdir(), "portcullis-fw-"));
  const children: ChildProcess[] = [];
  let stopped = false;
  const cleanUp = (): void => {
    if (!stopped) {
      stopped = true;
      process.off("exit", cleanUp);
      for (const name of [atk, fw]) {
        removeNamespace(name);
      }
      spawnSync("ip", ["link", "del", link]);
      rmSync(dir, { recursive: true, force: true });
    }
  };
  process.on("exit", cleanUp);

  const ran = async (program: string, ...argv: readonly string[]): Promise<Ran> => {
    try {
      const { stdout, stderr } = await run(program, [...argv], { maxBuffer: 1 << 28 });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = Object.assign({ code: 1, stdout: "", stderr: "" }, error);
      return { code, stdout, stderr };
    }
  };
  const exec = (...argv: readonly string[]): Promise<Ran> => ran("ip", "netns", "exec", fw, ...argv);
  const startSshd = async (): Promise<void> => {
    const command = `${privateView(dir, options)}\nexec /usr/sbin/sshd -D -e -f ${join(dir, "sshd_config")}`;
    const child = spawn("ip", ["netns", "exec", fw, "sh", "-ec", command], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.unshift(child);
    await listening(child);
  };

  try {
    await runAll([
      ["netns", "add", fw],
      ["netns", "add", atk],
      ["link", "add", link, "type", "veth", "peer", "name", "ctl", "netns", fw],
      ["addr", "add", `${ours}/30`, "dev", link],
      ["link", "set", link, "up"],
      ["-n", fw, "link", "set", "lo", "up"],
      ["-n", fw, "addr", "add", `${theirs}/30`, "dev", "ctl"],
      ["-n", fw, "link", "set", "ctl", "up"],
      ["-n", fw, "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", atk],
      ["-n", fw, "addr", "add", `${own.v4}/24`, "dev", "wan"],
      ["-n", fw, "addr", "add", `${own.v6}/64`, "dev", "wan", "nodad"],
      ["-n", fw, "link", "set", "wan", "up"],
      ["-n", fw, "route", "add", "default", "via", own.gateway],
      ["-n", atk, "link", "set", "lo", "up"],
      ...[...attackerAddresses, ...(options.attackers ?? []).map((ip) => `${ip}/24`)].map((address) => [
        "-n",
        atk,
        "addr",
        "add",
        address,
        "dev",
        "wan",
        "nodad",
      ]),
      ["-n", atk, "link", "set", "wan", "up"],
    ]);
    const keys = await writeSshFiles(dir, theirs, options);
    await startSshd();
    const { attacker, agents } = await startAgents(fw, atk, own);
    children.push(...agents);
    return {
      namespace: fw,
      sshHost: theirs,
      sshPort,
      user: options.login?.user ?? "root",
      privateKey: options.login === undefined ? keys.privateKey : null,
      hostKey: keys.hostKey,
      knownHosts: `[${theirs}]:${sshPort} ${keys.hostPublicKey}`,
      own,
      attacker,
      exec,
      execInside: (...argv) =>
        ran("nsenter", `--target=${children[0]?.pid ?? 0}`, "--mount", "--net", ...argv),
      async sshdPids() {
        const listener = children[0]?.pid ?? 0;
        const { stdout } = await run("ip", ["netns", "pids", fw]);
        const pids = stdout.split("\n").map(Number);
        return [listener, ...pids.filter((pid) => pid > 0 && pid !== listener && isSshd(pid))];
      },
      startSshd,
      stop() {
        cleanUp();
        return Promise.resolve();
      },
    };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

/** Addresses that belong to nobody; packets really come from them. */
const attackerAddresses = [
  "203.0.113.10/24",
  "203.0.113.11/24",
  "203.0.113.12/24",
  "203.0.113.45/24",
  "203.0.113.254/24",
  "2001:db8:0:1::10/64",
  "2001:db8:0:1::11/64",
];

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  for (const command of commands) {
    await run("ip", [...command]);
  }
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      said = (said + piece).slice(-4096);
      if (said.includes("Server listening")) {
        resolve();
      }
    });
    child.once("exit", (code) => {
      reject(new Error(`sshd ended with ${code}: ${said}`));
    });
  });
}

function isSshd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("sshd");
  } catch {
    return false;
  }
}

/** Every process in there is ours. */
function removeNamespace(name: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
  for (const pid of stdout.split("\n").map(Number)) {
    if (pid > 0) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  spawnSync("ip", ["netns", "del", name]);
}

/** What a killed run has left behind. */
function sweep(): void {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const [name, pid] of stdout.matchAll(/^pcl-(\d+)-\S+/gm)) {
    try {
      process.kill(Number(pid), 0);
    } catch {
      removeNamespace(name);
    }
  }
}
