import { connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { newKeyPair } from "./ssh-key.ts";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import { fingerprintOf } from "../../src/enforce/iptables-ssh/host-key.ts";
import {
  createScriptStandIn,
  type ScriptMisbehaviour,
  type ScriptOptions,
  type ScriptStandIn,
} from "./script-stand-in.ts";

export interface SshFirewallOptions extends ScriptOptions {
  /** Who may log in, and how. Default is root with the password `secret`. */
  readonly user?: string;
  readonly password?: string;
  /** A public key in OpenSSH text that may log in instead. */
  readonly publicKey?: string;
  /** Default: one that the system chooses. */
  readonly port?: number;
}

/** What the stand-in does wrong. Everything is off at first. */
export interface Misbehaviour extends ScriptMisbehaviour {
  refuseLogin: boolean;
  /** As a jump host: what becomes of connections that it is asked for. */
  forwarding: "works" | "is forbidden" | "hangs";
}

/** A stand-in for a firewall host, reached by real SSH: it speaks the lines of `portcullis-fw.sh` without being root, and is a jump host too. */
export interface SshFirewall extends Omit<ScriptStandIn, "run" | "misbehave" | "counts"> {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…` */
  readonly hostKey: string;
  readonly misbehave: Misbehaviour;
  /** Logins, logins that stand, connections forwarded, and those of the script, so far. */
  readonly counts: ScriptStandIn["counts"] & { logins: number; open: number; forwards: number };
  /** As when its network fails for a moment. */
  readonly dropConnections: () => void;
  stop(): Promise<void>;
}

/** Starts a stand-in on loopback. */
export async function startSshFirewall(options: SshFirewallOptions = {}): Promise<SshFirewall> {
  const { privateKey, fingerprint } = generateHostKey();
  const script = createScriptStandIn(options);
  const misbehave: Misbehaviour = Object.assign(script.misbehave, {
    refuseLogin: false,
    forwarding: "works" as const,
  });
  const counts = Object.assign(script.counts, { logins: 0, open: 0, forwards: 0 });
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connections.add(connection);
    connection.on("error", () => undefined);
    connection.on("close", () => {
      connections.delete(connection);
      counts.open = connections.size;
    });
    connection.on("authentication", (attempt) => {
      authenticate(options, misbehave, attempt);
    });
    connection.on("ready", () => {
      counts.logins += 1;
      counts.open = connections.size;
      connection.on("session", (accept) => {
        accept().on("exec", (acceptExec, _reject, info) => {
          script.run(acceptExec(), info.command, () => {
            connection.end();
          });
        });
      });
      connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
        if (misbehave.forwarding === "works") {
          counts.forwards += 1;
          forward(accept, reject, connect(destPort, destIP));
        } else if (misbehave.forwarding === "is forbidden") {
          reject();
        }
      });
    });
  });
  // Nagle's algorithm would cost 300 ms at each login.
  const listener = createServer({ noDelay: true }, (socket) => {
    server.injectSocket(socket);
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(options.port ?? 0, "127.0.0.1", () => {
      const address = listener.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const dropConnections = (): void => {
    for (const connection of connections) {
      connection.end();
    }
  };
  return {
    host: "127.0.0.1",
    port,
    hostKey: fingerprint,
    entries: script.entries,
    forget: script.forget,
    drops: script.drops,
    isOutbound: script.isOutbound,
    misbehave,
    counts,
    dropConnections,
    stop: () =>
      new Promise((resolve) => {
        dropConnections();
        listener.close(() => {
          resolve();
        });
      }),
  };
}

function forward(accept: () => Duplex, reject: () => void, socket: Socket): void {
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.off("error", reject);
    const stream = accept();
    for (const end of [stream, socket]) {
      end.on("error", () => undefined);
    }
    stream.on("close", () => socket.destroy());
    stream.pipe(socket).pipe(stream);
  });
}

function authenticate(options: SshFirewallOptions, misbehave: Misbehaviour, attempt: AuthContext): void {
  const { user = "root", password = "secret", publicKey = "" } = options;
  const isRight =
    attempt.method === "password"
      ? attempt.password === password
      : attempt.method === "publickey" && publicKey.includes(` ${attempt.key.data.toString("base64")}`);
  if (attempt.username === user && isRight && !misbehave.refuseLogin) {
    attempt.accept();
  } else {
    attempt.reject(["password", "publickey"]);
  }
}

function generateHostKey(): { readonly privateKey: string; readonly fingerprint: string } {
  const { private: privateKey, public: publicKey } = newKeyPair();
  return { privateKey, fingerprint: fingerprintOf(Buffer.from(publicKey.split(" ")[1] ?? "", "base64")) };
}
