import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { eventually } from "../fakes/eventually.ts";

const run = promisify(execFile);

/** Another sshd in the network namespace of a firewall host. On loopback, nobody reaches it from outside. */
export interface InnerSshd {
  readonly host: string;
  readonly port: number;
  readonly privateKey: string;
  /** Of its keys of type ed25519, ecdsa and rsa: `SHA256:…`. */
  readonly fingerprints: readonly string[];
  readonly child: ChildProcess;
}

/** Stopped after the test. @param more lines of sshd_config; @param host where it listens */
export async function startInnerSshd(
  namespace: string,
  more: readonly string[] = [],
  host = "127.0.0.1",
): Promise<InnerSshd> {
  const dir = temporaryDir();
  const port = 22_023;
  const types = ["ed25519", "ecdsa", "rsa"];
  for (const name of [...types, "login"]) {
    const type = types.includes(name) ? name : "ed25519";
    await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", join(dir, name)]);
  }
  writeFileSync(join(dir, "authorized_keys"), readFileSync(join(dir, "login.pub")));
  writeFileSync(
    join(dir, "sshd_config"),
    [
      `Port ${port}`,
      `ListenAddress ${host}`,
      ...types.map((type) => `HostKey ${join(dir, type)}`),
      `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      "SetEnv SHLVL=3",
      ...more,
    ].join("\n"),
  );
  const command = `mount -t tmpfs tmpfs /run; mkdir /run/sshd; exec /usr/sbin/sshd -D -e -f ${join(dir, "sshd_config")}`;
  const child = spawn("ip", ["netns", "exec", namespace, "sh", "-ec", command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  await eventually("the inner sshd", () => said.includes("Server listening"), 5000);
  const fingerprints: string[] = [];
  for (const type of types) {
    const { stdout } = await run("ssh-keygen", ["-lf", join(dir, `${type}.pub`)]);
    fingerprints.push(stdout.split(" ")[1] ?? "");
  }
  return { host, port, privateKey: readFileSync(join(dir, "login"), "utf8"), fingerprints, child };
}

/** An ssh-agent that holds these keys, stopped after the test. @returns its socket */
export async function startAgent(privateKeys: readonly string[]): Promise<string> {
  const dir = temporaryDir();
  const socket = join(dir, "agent.sock");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => {
    agent.kill("SIGKILL");
  });
  let said = "";
  agent.stdout.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  await eventually("the agent", () => said.includes("SSH_AUTH_SOCK"), 5000);
  for (const [index, key] of privateKeys.entries()) {
    const path = join(dir, String(index));
    writeFileSync(path, key, { mode: 0o600 });
    await run("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  }
  return socket;
}

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-ssh-"));
  chmodSync(dir, 0o755);
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
