import { AppError } from "../../domain/errors.ts";
import { openWay, type Target } from "./connect.ts";
import { algorithmsByType, fingerprintOf, type HostKeyCheck } from "./host-key.ts";
import { type LoginOptions, shakeHands } from "./log-in.ts";

/** A host key as a host shows it to whoever asks. */
export interface OfferedKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  /** A line of a known_hosts file. */
  readonly line: string;
}

/**
 * The keys of a host, best first, without logging in to it. On the way to it a jump host is logged in to, whose own key must be pinned.
 * @throws {AppError} SSH_UNREACHABLE, FIREWALL_TIMEOUT, and of the jump host what a login there fails with
 */
export async function offeredHostKeys(
  login: Omit<Target, "name"> & { readonly name?: string },
  signal: AbortSignal,
  options: LoginOptions = { log: silentLog, timeoutMs: 10_000 },
): Promise<readonly OfferedKey[]> {
  const way = await openWay({ config: { name: login.host, ...login }, ...options }, signal);
  try {
    const keys: OfferedKey[] = [];
    let failure: unknown;
    for (const algorithms of algorithmsByType) {
      let offered: Buffer | undefined;
      const check: HostKeyCheck = {
        algorithms,
        verify(key) {
          offered = key;
          return false;
        },
        refusal: () => undefined,
      };
      const stream = await way.openStream(way.hop, options, signal);
      await shakeHands({ hop: way.hop, stream, check }, options, signal).catch((error: unknown) => {
        failure ??= error;
      });
      if (offered !== undefined) {
        keys.push(readKey(offered, login));
      }
    }
    return keys.length > 0 ? keys : fail(failure);
  } finally {
    way.close();
  }
}

function readKey(key: Buffer, { host, port }: Pick<Target, "host" | "port">): OfferedKey {
  const type = key.toString("latin1", 4, 4 + key.readUInt32BE(0)).replaceAll(/[^\w@.-]/g, "?");
  const name = port === 22 ? host : `[${host}]:${port}`;
  return { type, fingerprint: fingerprintOf(key), line: `${name} ${type} ${key.toString("base64")}` };
}

const silentLog: LoginOptions["log"] = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function fail(failure: unknown): never {
  throw failure instanceof AppError ? failure : new Error("no host key was offered", { cause: failure });
}
