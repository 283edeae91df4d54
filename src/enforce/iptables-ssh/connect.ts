import { connect as connectSocket, type Socket } from "node:net";
import { type Config as SshConfig, NodeSSH } from "node-ssh";
import type { Client } from "ssh2";
import type { FirewallConfig } from "../../config/config.ts";
import { AppError, messageOf } from "../../domain/errors.ts";
import type { Log } from "../../ports.ts";
import { algorithmsToTry, createHostKeyCheck, type HostKeyCheck } from "./host-key.ts";

/** An SSH connection whose host key was checked. */
export interface Connection {
  readonly client: Client;
  /** False once it was lost or closed. */
  readonly isOpen: () => boolean;
  /** Ends it at once, also when the other side is frozen. */
  readonly destroy: () => void;
}

export interface ConnectOptions {
  readonly config: FirewallConfig;
  readonly log: Log;
  /** For the socket, and again for handshake and login together. */
  readonly timeoutMs: number;
}

/** @throws {AppError} SSH_UNREACHABLE, SSH_LOGIN_REFUSED, SSH_HOST_KEY_UNKNOWN, SSH_HOST_KEY_CHANGED, FIREWALL_TIMEOUT */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  let refusal: unknown;
  for (const algorithms of algorithmsToTry(options.config)) {
    try {
      return await connectOnce(options, createHostKeyCheck(options.config, algorithms), signal);
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

async function connectOnce(
  options: ConnectOptions,
  check: HostKeyCheck,
  signal: AbortSignal,
): Promise<Connection> {
  const { config } = options;
  const socket = await openSocket(options, signal);
  const ssh = new NodeSSH();
  const onAbort = (): void => {
    socket.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const connecting = ssh.connect(sshConfig(options, socket, check));
    const client = ssh.connection;
    // node-ssh takes its own listener away when it is ready, and an error without any listener ends the process.
    client?.on("error", (error) => {
      options.log.debug({ firewall: config.name, error: messageOf(error) }, "ssh connection failed");
    });
    await connecting;
    if (client === null) {
      throw new Error("the connection was lost at once");
    }
    return open(client, socket);
  } catch (error) {
    socket.destroy();
    throw check.refusal() ?? faultOf(config, error, options.timeoutMs);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function open(client: Client, socket: Socket): Connection {
  let isOpen = true;
  client.on("close", () => {
    isOpen = false;
  });
  return {
    client,
    isOpen: () => isOpen && !socket.destroyed,
    destroy() {
      isOpen = false;
      client.end();
      socket.destroy();
    },
  };
}

function openSocket(options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
  const { name, host, port } = options.config;
  return new Promise((resolve, reject) => {
    // Nagle's algorithm against delayed acknowledgements costs 40 ms at each step.
    const socket = connectSocket({ host, port, noDelay: true, timeout: options.timeoutMs, signal });
    socket.once("connect", () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.once("timeout", () => {
      socket.destroy();
      reject(
        new AppError(
          "FIREWALL_TIMEOUT",
          `${name} (${host}:${port}): no TCP connection within ${options.timeoutMs} ms`,
          { retryable: true },
        ),
      );
    });
    socket.on("error", (error) => {
      reject(
        new AppError("SSH_UNREACHABLE", `${name} (${host}:${port}): ${socketFault(error)}`, {
          retryable: true,
          cause: error,
        }),
      );
    });
  });
}

/** An attempt at several addresses fails without a message of its own. */
function socketFault(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors.map(messageOf).join(", ");
  }
  return messageOf(error);
}

function sshConfig(options: ConnectOptions, socket: Socket, check: HostKeyCheck): SshConfig {
  const { user, privateKey, password } = options.config;
  return {
    sock: socket,
    username: user,
    ...(privateKey === null ? {} : { privateKey }),
    ...(password === null
      ? {}
      : {
          password,
          tryKeyboard: true,
          onKeyboardInteractive: (...[, , , prompts, finish]) => {
            finish(prompts.map((prompt) => (prompt.echo === true ? "" : password)));
          },
        }),
    readyTimeout: options.timeoutMs,
    keepaliveInterval: 10_000,
    keepaliveCountMax: 3,
    hostVerifier: check.verify,
    algorithms: {
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
      hmac: [
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
      ],
      serverHostKey: [...check.algorithms],
      compress: ["none"],
    },
  };
}

function faultOf(config: FirewallConfig, error: unknown, timeoutMs: number): AppError {
  const where = `${config.name} (${config.host}:${config.port})`;
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  const text = messageOf(error);
  if (level === "client-authentication") {
    return new AppError("SSH_LOGIN_REFUSED", `${where}: login as ${config.user} was refused: ${text}`, {
      retryable: false,
      cause: error,
    });
  }
  if (level === "client-timeout") {
    return new AppError("FIREWALL_TIMEOUT", `${where}: no SSH handshake within ${timeoutMs} ms`, {
      retryable: true,
      cause: error,
    });
  }
  if (text.startsWith("Cannot parse privateKey")) {
    return new AppError("SSH_LOGIN_REFUSED", `${where}: the private key can't be used: ${text}`, {
      retryable: false,
      cause: error,
    });
  }
  return new AppError("SSH_UNREACHABLE", `${where}: ${text}`, { retryable: true, cause: error });
}
