import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { FirewallHost } from "./namespaces.ts";

export const scriptPath = new URL("../../src/enforce/iptables-ssh/portcullis-fw.sh", import.meta.url)
  .pathname;
export const scriptText = readFileSync(scriptPath, "utf8");

/** One run of the script, as sshd would start it. */
export interface Run {
  readonly lines: readonly string[];
  readonly shell?: readonly string[];
  readonly mode?: "session" | "batch";
  /** A batch comes without its last line. */
  readonly isCutOff?: boolean;
  readonly peer?: string;
  /** Commands of a shell that change what the script finds. */
  readonly cover?: string;
}

/** Runs the script in the host's namespace and returns the lines it printed without its marks. */
export async function runScript(host: Pick<FirewallHost, "namespace">, run: Run): Promise<readonly string[]> {
  const { shell = ["dash"], mode = "session", peer = "192.0.2.77 4 192.0.2.1 22", cover = "", lines } = run;
  const script = [...shell, "-c", scriptText, "portcullis-fw", mode, "NONCE", peer];
  const argv = ["netns", "exec", host.namespace, "sh", "-c", `${cover}\nexec "$@"`, "sh", ...script];
  const child = spawn("ip", argv, { stdio: ["pipe", "pipe", "ignore"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  const end = mode === "session" ? "end 1\n" : "end batch\n";
  child.stdin.end(`${lines.join("\n")}\n${run.isCutOff === true ? "" : end}`);
  await once(child, "close");
  return said.split("\n").filter((line) => line !== "" && !line.startsWith("NONCE "));
}

const hide = (...tools: readonly string[]): string =>
  tools.map((tool) => `mount --bind /dev/null $(readlink -f /usr/sbin/${tool})`).join("; ");

/** What a host lacks so that the script works in each of its ways. */
export const backends = [
  { backend: "sets", cover: "" },
  { backend: "nft", cover: hide("ipset") },
  { backend: "rules", cover: hide("ipset", "nft") },
  {
    backend: "sets, iptables-legacy",
    cover: "mount --bind /usr/sbin/xtables-legacy-multi $(readlink -f /usr/sbin/iptables)",
  },
] as const;

/** Takes everything of every backend away, ours or not. */
export async function wipeAll(host: Pick<FirewallHost, "exec">): Promise<void> {
  await host.exec(
    "sh",
    "-c",
    `for tool in iptables ip6tables iptables-legacy ip6tables-legacy; do
  $tool -t raw -F; $tool -t raw -X; $tool -F; $tool -X
done
nft flush ruleset
for set in $(ipset list -n); do ipset destroy $set; done`,
  );
}
