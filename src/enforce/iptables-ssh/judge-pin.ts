import type { SshLogin } from "../../config/config.ts";
import { fingerprintOf } from "./host-key.ts";
import { knownHost } from "./known-hosts.ts";
import type { OfferedKey } from "./offered-host-keys.ts";

/** What is pinned for a host already, beside what it offers. */
export type Pin =
  | { readonly kind: "none" }
  /** The settings name a known_hosts file that does not hold the host; a pin anywhere else would not count. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "revoked" }
  | { readonly kind: "same"; readonly fingerprint: string; readonly where: string }
  | {
      readonly kind: "other";
      readonly fingerprint: string;
      readonly where: string;
      /** Of the file of confirmed keys; null when it is pinned by the settings. */
      readonly lineNumber: number | null;
      readonly line: string;
      /** When a person has confirmed it. */
      readonly since: string | null;
    };

/** @param confirmed text of the known_hosts file that `firewall trust` writes */
export function judgePin(login: SshLogin, offered: readonly OfferedKey[], confirmed: string): Pin {
  const fingerprints = offered.map(({ fingerprint }) => fingerprint);
  if (login.hostKeys.length > 0) {
    return compare(login.hostKeys, fingerprints, {
      where: "by hostKey in the settings",
      confirmed: null,
      login,
    });
  }
  const text = login.knownHosts ?? "";
  const { trusted, revoked } = knownHost(text, login.host, login.port);
  if (revoked.some(({ key }) => fingerprints.includes(fingerprintOf(Buffer.from(key, "base64"))))) {
    return { kind: "revoked" };
  }
  const isConfirmed = text === confirmed;
  if (trusted.length === 0) {
    return { kind: text === "" || isConfirmed ? "none" : "elsewhere" };
  }
  return compare(
    trusted.map(({ key }) => fingerprintOf(Buffer.from(key, "base64"))),
    fingerprints,
    isConfirmed
      ? { where: "in known_hosts of DATA_DIR", confirmed, login }
      : { where: "in the known_hosts file of the settings", confirmed: null, login },
  );
}

function compare(
  pinned: readonly string[],
  offered: readonly string[],
  pin: { readonly where: string; readonly confirmed: string | null; readonly login: SshLogin },
): Pin {
  const same = pinned.find((fingerprint) => offered.includes(fingerprint));
  return same === undefined
    ? { kind: "other", fingerprint: pinned[0] ?? "", where: pin.where, ...lineOf(pin.login, pin.confirmed) }
    : { kind: "same", fingerprint: same, where: pin.where };
}

/** Where a person's confirmation stands. */
function lineOf({ host, port }: SshLogin, confirmed: string | null) {
  const lines = confirmed?.split("\n") ?? [];
  const at = lines.findIndex((line) => knownHost(line, host, port).trusted.length > 0);
  const line = lines[at] ?? "";
  return {
    lineNumber: at < 0 ? null : at + 1,
    line: line.trim(),
    since: / trusted (\d{4}-\d\d-\d\d)T/.exec(line)?.[1] ?? null,
  };
}
