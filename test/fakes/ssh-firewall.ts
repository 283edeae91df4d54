import { createInterface } from "node:readline";
import ssh2, { type AuthContext, type Connection, type ServerChannel } from "ssh2";
import {
  type IpAddress,
  type IpPrefix,
  lengthOf,
  familyOf,
  parseIpPrefix,
  prefixesOverlap,
  prefixOf,
} from "../../src/domain/ip-address.ts";
import { fingerprintOf } from "../../src/enforce/iptables-ssh/host-key.ts";

export interface SshFirewallOptions {
  /** Who may log in, and how. Default is root with the password `secret`. */
  readonly user?: string;
  readonly password?: string;
  /** A public key in OpenSSH text that may log in instead. */
  readonly publicKey?: string;
  readonly ownAddresses?: readonly IpAddress[];
  /** Default: one that the system chooses. */
  readonly port?: number;
  readonly now?: () => Date;
}

/** What the stand-in does wrong. Everything is off at first. */
export interface Misbehaviour {
  /** Takes requests and never answers. */
  hang: boolean;
  /** Drops the connection when it gets a request. */
  drop: boolean;
  /** What the login shell prints before the script runs. */
  banner: string;
  /** The script is killed by a signal before it is ready. */
  killed: boolean;
  /** Says this on stderr and exits with 1 before the script runs. */
  refusal: string;
  refuseLogin: boolean;
  /** Answers every add with this reason, as failed. */
  failAdds: string;
  /** Reported by `read` until something is applied. */
  faults: readonly string[];
}

/** A stand-in for a firewall host, reached by real SSH: it speaks the lines of `portcullis-fw.sh` without being root. */
export interface SshFirewall {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…` */
  readonly hostKey: string;
  /** What is dropped now, with the seconds that are left. */
  entries(): ReadonlyMap<IpPrefix, number>;
  /** Takes an entry out as if somebody had done it by hand. */
  forget(prefix?: IpPrefix): void;
  readonly misbehave: Misbehaviour;
  /** Logins, runs of the script and requests so far. */
  readonly counts: { logins: number; runs: number; requests: number };
  stop(): Promise<void>;
}

/** Starts a stand-in on loopback. */
export async function startSshFirewall(options: SshFirewallOptions = {}): Promise<SshFirewall> {
  const { privateKey, fingerprint } = generateHostKey();
  const host = createHost(options);
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connections.add(connection);
    connection.on("error", () => undefined);
    connection.on("close", () => {
      connections.delete(connection);
    });
    connection.on("authentication", (attempt) => {
      authenticate(options, host.misbehave, attempt);
    });
    connection.on("ready", () => {
      host.counts.logins += 1;
      connection.on("session", (accept) => {
        accept().on("exec", (acceptExec, _reject, info) => {
          host.run(acceptExec(), info.command, connection);
        });
      });
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(options.port ?? 0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    host: "127.0.0.1",
    port,
    hostKey: fingerprint,
    entries: host.entries,
    forget: host.forget,
    misbehave: host.misbehave,
    counts: host.counts,
    stop: () =>
      new Promise((resolve) => {
        for (const connection of connections) {
          connection.end();
        }
        server.close(() => {
          resolve();
        });
      }),
  };
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

/** ssh2 makes a key that nobody can use once in some 250 times: without the zero byte that it should begin with. */
function generateHostKey(): { readonly privateKey: string; readonly fingerprint: string } {
  for (;;) {
    const { private: privateKey } = ssh2.utils.generateKeyPairSync("ed25519");
    const parsed = ssh2.utils.parseKey(privateKey);
    if (!(parsed instanceof Error) && parsed.getPublicSSH().length === 51) {
      return { privateKey, fingerprint: fingerprintOf(parsed.getPublicSSH()) };
    }
  }
}

interface Host extends Pick<SshFirewall, "entries" | "forget" | "misbehave" | "counts"> {
  run(channel: ServerChannel, command: string, connection: Connection): void;
}

/** Everything but the transport: a set with time-outs, and the lines that change it. */
function createHost({ ownAddresses = [], now = () => new Date() }: SshFirewallOptions): Host {
  const ends = new Map<IpPrefix, number>();
  const counts = { logins: 0, runs: 0, requests: 0 };
  const misbehave: Misbehaviour = {
    hang: false,
    drop: false,
    banner: "",
    killed: false,
    refusal: "",
    refuseLogin: false,
    failAdds: "",
    faults: [],
  };
  const entries = (): ReadonlyMap<IpPrefix, number> => {
    for (const [prefix, end] of ends) {
      if (end <= now().getTime()) {
        ends.delete(prefix);
      }
    }
    return new Map([...ends].map(([prefix, end]) => [prefix, Math.floor((end - now().getTime()) / 1000)]));
  };
  let nevers: readonly IpPrefix[] = [];

  const add = (prefix: IpPrefix, seconds: number): string => {
    const isWide = lengthOf(prefix) < (familyOf(prefix) === 4 ? 24 : 48);
    const own = ownAddresses.map(prefixOf);
    if (isWide || [...own, ...nevers].some((other) => prefixesOverlap(prefix, other))) {
      return `refused ${prefix} ${isWide ? "too wide" : "must never be blocked"}`;
    }
    if (misbehave.failAdds !== "") {
      return `failed ${prefix} ${misbehave.failAdds}`;
    }
    ends.set(prefix, now().getTime() + seconds * 1000);
    return `verified ${prefix}`;
  };
  const change = (line: string): string => {
    const [verb, text = "", seconds] = line.split(" ");
    const prefix = parseIpPrefix(text);
    if (prefix === undefined || prefix !== text) {
      return `refused ${text} not a canonical network`;
    }
    if (verb === "add") {
      return add(prefix, Number(seconds));
    }
    ends.delete(prefix);
    return `verified ${prefix}`;
  };
  const answer = (lines: readonly string[]): readonly string[] => {
    counts.requests += 1;
    if (lines.includes("forget")) {
      nevers = lines.flatMap((line) => {
        const prefix = line.startsWith("never ") ? parseIpPrefix(line.slice(6)) : undefined;
        return prefix === undefined ? [] : [prefix];
      });
    }
    if (lines.includes("read")) {
      return [
        ...ownAddresses.map((address) => `own ${address}`),
        ...[...entries()].map(([prefix, seconds]) => `entry ${prefix} ${seconds}`),
        ...misbehave.faults.map((fault) => `fault ${fault}`),
      ];
    }
    const repaired = misbehave.faults.map((fault) => `repaired ${fault}`);
    misbehave.faults = [];
    return [...repaired, ...lines.filter((line) => /^(add|del) /.test(line)).map(change)];
  };

  const run = (channel: ServerChannel, command: string, connection: Connection): void => {
    counts.runs += 1;
    channel.on("error", () => undefined);
    channel.write(misbehave.banner);
    const [, mode, nonce] =
      /portcullis-fw (session|batch) ([0-9a-f]+) "\$SSH_CONNECTION"$/.exec(command) ?? [];
    if (misbehave.killed) {
      channel.exit("KILL");
      channel.end();
    } else if (misbehave.refusal !== "" || nonce === undefined) {
      channel.stderr.write(`${misbehave.refusal || "sh: not found"}\n`);
      channel.exit(1);
      channel.end();
    } else {
      channel.write(`${nonce} ready 1 sets\n`);
      const respond = (id: string, lines: readonly string[]): void => {
        if (misbehave.drop) {
          connection.end();
        } else if (!misbehave.hang) {
          channel.write([`${nonce} begin ${id}`, ...answer(lines), `${nonce} end ${id}`, ""].join("\n"));
        }
      };
      listen(channel, mode === "batch", respond);
    }
  };
  return {
    entries,
    forget(prefix) {
      for (const one of prefix === undefined ? [...ends.keys()] : [prefix]) {
        ends.delete(one);
      }
    },
    misbehave,
    counts,
    run,
  };
}

function listen(
  channel: ServerChannel,
  isBatch: boolean,
  respond: (id: string, lines: readonly string[]) => void,
): void {
  let lines: string[] = [];
  const reader = createInterface({ input: channel });
  reader.on("line", (line) => {
    if (!isBatch && line.startsWith("end ")) {
      respond(line.slice(4), lines);
      lines = [];
    } else {
      lines.push(line);
    }
  });
  reader.on("close", () => {
    if (isBatch) {
      respond("batch", lines);
    }
    channel.exit(0);
    channel.end();
  });
}
