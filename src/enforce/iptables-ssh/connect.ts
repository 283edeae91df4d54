import type { SshLogin } from "../../config/config.ts";
import { type Connection, logIn, type LoginOptions, type OpenStream } from "./log-in.ts";
import { openSocket, openThrough } from "./open-stream.ts";
import type { Hop } from "./place.ts";

/** A host to log in to, perhaps through another one. A `FirewallConfig` is one. */
export interface Target extends SshLogin {
  readonly name: string;
  readonly jump: SshLogin | null;
}

export interface ConnectOptions extends LoginOptions {
  readonly config: Target;
}

/**
 * Logs in, through the jump host when there is one; both host keys are checked. The message of an error says which of the two it is about.
 * @throws {AppError} SSH_UNREACHABLE, SSH_LOGIN_REFUSED, SSH_HOST_KEY_UNKNOWN, SSH_HOST_KEY_CHANGED, FIREWALL_TIMEOUT
 */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  const way = await openWay(options, signal);
  try {
    const connection = await logIn(way.hop, way.openStream, options, signal);
    return {
      client: connection.client,
      isOpen: () => connection.isOpen() && way.isOpen(),
      destroy() {
        connection.destroy();
        way.close();
      },
    };
  } catch (error) {
    way.close();
    throw error;
  }
}

/** How streams to a host are opened. */
export interface Way {
  readonly hop: Hop;
  readonly openStream: OpenStream;
  readonly isOpen: () => boolean;
  readonly close: () => void;
}

/** Logs in to the jump host, if there is one. Throws as `connect` does. */
export async function openWay(options: ConnectOptions, signal: AbortSignal): Promise<Way> {
  const { name, jump, ...login } = options.config;
  const hop = { name, login, jump, isJump: false };
  if (jump === null) {
    return { hop, openStream: openSocket, isOpen: () => true, close: () => undefined };
  }
  const connection = await logIn(
    { name, login: jump, jump: null, isJump: true },
    openSocket,
    options,
    signal,
  );
  return { hop, openStream: openThrough(connection), isOpen: connection.isOpen, close: connection.destroy };
}
