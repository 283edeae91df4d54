import type { Duplex } from "node:stream";
import { type Config as SshConfig, NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import { AppError, messageOf } from "../../domain/errors.ts";
import type { Log } from "../../ports.ts";
import { algorithmsToTry, createHostKeyCheck, type HostKeyCheck } from "./host-key.ts";
import { type Hop, placeOfHop } from "./place.ts";

/** An SSH connection whose host key was checked. */
export interface Connection {
  readonly client: Client;
  /** False once it was lost or closed. */
  readonly isOpen: () => boolean;
  /** Ends it at once, also when the other side is frozen. */
  readonly destroy: () => void;
}

export interface LoginOptions {
  readonly log: Log;
  /** For the stream, and again for handshake and login together. */
  readonly timeoutMs: number;
}

/** Opens a stream to the SSH server of a hop. */
export type OpenStream = (hop: Hop, options: LoginOptions, signal: AbortSignal) => Promise<Duplex>;

/** @throws {AppError} SSH_UNREACHABLE, SSH_LOGIN_REFUSED, SSH_HOST_KEY_UNKNOWN, SSH_HOST_KEY_CHANGED, FIREWALL_TIMEOUT */
export async function logIn(
  hop: Hop,
  openStream: OpenStream,
  options: LoginOptions,
  signal: AbortSignal,
): Promise<Connection> {
  let refusal: unknown;
  for (const algorithms of algorithmsToTry(hop.login)) {
    try {
      const stream = await openStream(hop, options, signal);
      return await shakeHands({ hop, stream, check: createHostKeyCheck(hop, algorithms) }, options, signal);
    } catch (error) {
      // Only a host that shows another key than the pinned one may show the right one when asked for another type.
      const isFirst = refusal === undefined;
      refusal ??= error;
      const code = error instanceof AppError ? error.code : undefined;
      if (code !== "SSH_HOST_KEY_CHANGED" && (isFirst || code !== "SSH_UNREACHABLE")) {
        throw error;
      }
    }
  }
  throw refusal instanceof Error ? refusal : new Error("no algorithm to try");
}

/** The SSH handshake and the login over a stream, which is destroyed when they fail. Throws as `logIn` does. */
export async function shakeHands(
  { hop, stream, check }: { readonly hop: Hop; readonly stream: Duplex; readonly check: HostKeyCheck },
  options: LoginOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const ssh = new NodeSSH();
  const onAbort = (): void => {
    stream.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const connecting = ssh.connect(sshConfig({ hop, stream, check }, options));
    const client = ssh.connection;
    // node-ssh takes its own listener away when it is ready, and an error without any listener ends the process.
    client?.on("error", (error) => {
      options.log.debug({ firewall: hop.name, error: messageOf(error) }, "ssh connection failed");
    });
    await connecting;
    if (client === null) {
      throw new Error("the connection was lost at once");
    }
    return open(client, stream);
  } catch (error) {
    stream.destroy();
    throw check.refusal() ?? faultOf(hop, error, options.timeoutMs);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function open(client: Client, stream: Duplex): Connection {
  let isOpen = true;
  client.on("close", () => {
    isOpen = false;
  });
  return {
    client,
    isOpen: () => isOpen && !stream.destroyed,
    destroy() {
      isOpen = false;
      client.end();
      stream.destroy();
    },
  };
}

function sshConfig(
  { hop, stream, check }: { readonly hop: Hop; readonly stream: Duplex; readonly check: HostKeyCheck },
  { timeoutMs }: LoginOptions,
): SshConfig {
  const { user, privateKey, password, agent } = hop.login;
  return {
    sock: stream,
    username: user,
    ...(privateKey === null ? {} : { privateKey }),
    ...(agent === null ? {} : { agent }),
    ...(password === null
      ? {}
      : {
          password,
          tryKeyboard: true,
          onKeyboardInteractive: (...[, , , prompts, finish]) => {
            finish(prompts.map((prompt) => (prompt.echo === true ? "" : password)));
          },
        }),
    readyTimeout: timeoutMs,
    keepaliveInterval: 10_000,
    keepaliveCountMax: 3,
    hostVerifier: check.verify,
    algorithms: { ...strongTransport, serverHostKey: [...check.algorithms], compress: ["none"] },
  };
}

const strongTransport: Pick<NonNullable<SshConfig["algorithms"]>, "kex" | "cipher" | "hmac"> = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
};

function faultOf(hop: Hop, error: unknown, timeoutMs: number): AppError {
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  const text = messageOf(error);
  const fault = (code: AppError["code"], why: string, retryable: boolean): AppError =>
    new AppError(code, `${placeOfHop(hop)}: ${why}`, { retryable, cause: error });
  if (level === "client-authentication") {
    return fault("SSH_LOGIN_REFUSED", `login as ${hop.login.user} was refused: ${text}`, false);
  }
  if (level === "agent") {
    // Nobody was asked to let us in, and an agent may come back.
    return fault("SSH_LOGIN_REFUSED", `the SSH agent at ${hop.login.agent} can't be used: ${text}`, true);
  }
  if (level === "client-timeout") {
    return fault("FIREWALL_TIMEOUT", `no SSH handshake within ${timeoutMs} ms`, true);
  }
  if (text.startsWith("Cannot parse privateKey")) {
    return fault("SSH_LOGIN_REFUSED", `the private key can't be used: ${text}`, false);
  }
  return fault("SSH_UNREACHABLE", text, true);
}
