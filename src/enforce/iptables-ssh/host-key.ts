import { hash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";
import type { SshLogin } from "../../config/config.ts";
import { AppError, type ErrorCode } from "../../domain/errors.ts";
import { knownHost } from "./known-hosts.ts";
import { type Hop, placeOfHop } from "./place.ts";

/** What became of the key that a host offered. */
type Verdict = "none offered" | "trusted" | "unknown" | "changed" | "revoked";

/** Judges the host key of one connection. */
export interface HostKeyCheck {
  /** Signature algorithms to agree on, best first. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  /** True only when the key is pinned. Synchronous, because ssh2 takes a promise for a yes. */
  readonly verify: (key: Buffer) => boolean;
  /** Why the host was refused; undefined when its key was trusted or never seen. */
  readonly refusal: () => AppError | undefined;
}

/** No SHA-1: `ssh-rsa` is left out, an RSA key signs with SHA-2. */
const strongAlgorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

/** The algorithms of one type of key each, best first. */
export const algorithmsByType: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  "ssh-",
  "ecdsa-",
  "rsa-",
].map((start) => strongAlgorithms.filter((name) => name.startsWith(start)));

/**
 * Which algorithms to offer, one connection after the other, until the host shows a key that is pinned. A host has keys of
 * several types and shows one; a fingerprint does not tell of which type it is.
 */
export function algorithmsToTry(login: SshLogin): readonly (readonly ServerHostKeyAlgorithm[])[] {
  const { trusted } = knownHost(login.knownHosts ?? "", login.host, login.port);
  if (login.hostKeys.length > 0) {
    return [strongAlgorithms, ...algorithmsByType.slice(1)];
  }
  const known = strongAlgorithms.filter((name) =>
    trusted.some(({ type }) => (type === "ssh-rsa" ? name.startsWith("rsa-") : type === name)),
  );
  return [known.length > 0 ? known : strongAlgorithms];
}

/** A check against the pins of the hop: fingerprints, or else its known_hosts. */
export function createHostKeyCheck(hop: Hop, algorithms: readonly ServerHostKeyAlgorithm[]): HostKeyCheck {
  let verdict: Verdict = "none offered";
  let offered = "";
  return {
    algorithms,
    verify(key) {
      offered = fingerprintOf(key);
      verdict = judge(hop.login, key, offered);
      return verdict === "trusted";
    },
    refusal: () => refusalOf(hop, verdict, offered),
  };
}

/** As `ssh-keygen -lf` prints it: `SHA256:…`. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${hash("sha256", key, "base64").replaceAll("=", "")}`;
}

/** Fingerprints of the keys that count for the host. */
function pinnedFor({ hostKeys, knownHosts, host, port }: SshLogin): readonly string[] {
  const { trusted } = knownHost(knownHosts ?? "", host, port);
  return hostKeys.length > 0 ? hostKeys : trusted.map(({ key }) => fingerprintOf(Buffer.from(key, "base64")));
}

function judge(login: SshLogin, key: Buffer, fingerprint: string): Verdict {
  const encoded = key.toString("base64");
  const { trusted, revoked } = knownHost(login.knownHosts ?? "", login.host, login.port);
  if (revoked.some((known) => known.key === encoded)) {
    return "revoked";
  }
  if (login.hostKeys.length > 0) {
    return login.hostKeys.includes(fingerprint) ? "trusted" : "changed";
  }
  if (trusted.length === 0) {
    return "unknown";
  }
  return trusted.some((known) => known.key === encoded) ? "trusted" : "changed";
}

function refusalOf(hop: Hop, verdict: Verdict, offered: string): AppError | undefined {
  const refuse = (code: ErrorCode, why: string): AppError =>
    new AppError(code, `${placeOfHop(hop)}: ${why}`, { retryable: false });
  switch (verdict) {
    case "none offered":
    case "trusted":
      return undefined;
    case "unknown":
      return refuse(
        "SSH_HOST_KEY_UNKNOWN",
        `no host key is pinned, so nothing was sent; it offered ${offered}. Run \`portcullis firewall trust ${hop.name}\`; or, when \`ssh-keygen -lf\` of a key in /etc/ssh on the host says the same, set hostKey: ${offered} in portcullis.yaml or SSH_HOST_KEY=${offered}`,
      );
    case "changed":
      return refuse(
        "SSH_HOST_KEY_CHANGED",
        `THE HOST KEY IS NOT THE PINNED ONE: somebody may be in between, or the host was installed anew; it offered ${offered}, pinned is ${pinnedFor(hop.login).join(" or ")}; nothing was sent`,
      );
    case "revoked":
      return refuse(
        "SSH_HOST_KEY_CHANGED",
        `the host offered the key ${offered}, which known_hosts marks as revoked; nothing was sent`,
      );
  }
  return verdict satisfies never;
}
