import { createHmac, timingSafeEqual } from "node:crypto";

/** A host key as a known_hosts file holds it. */
export interface KnownKey {
  /** `ssh-ed25519`, … */
  readonly type: string;
  /** Base64. */
  readonly key: string;
}

/** What a known_hosts file says of one host. */
export interface KnownHost {
  readonly trusted: readonly KnownKey[];
  /** Never to be accepted, whatever else is said. */
  readonly revoked: readonly KnownKey[];
}

/**
 * The keys of `host` in the text of a known_hosts file; both lists are empty when it does not name the host.
 * Certificate authorities are left out: nothing here checks certificates.
 * Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".
 */
export function knownHost(text: string, host: string, port: number): KnownHost {
  const names = (port === 22 ? [host, `[${host}]:22`] : [`[${host}]:${port}`]).map((name) =>
    name.toLowerCase(),
  );
  const lines = text
    .split("\n")
    .map(readLine)
    .filter((line) => names.some((name) => isNamed(line.hosts, name)));
  return {
    trusted: lines.filter(({ marker }) => marker === ""),
    revoked: lines.filter(({ marker }) => marker === "@revoked"),
  };
}

interface Line extends KnownKey {
  readonly marker: string;
  readonly hosts: string;
}

function readLine(line: string): Line {
  const fields = line.trim().split(/\s+/);
  const marker = fields[0]?.startsWith("@") === true ? fields.shift() : "";
  const [hosts = "", type = "", key = ""] = fields;
  return { marker: marker ?? "", hosts: key === "" || hosts.startsWith("#") ? "" : hosts, type, key };
}

function isNamed(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) {
    return isHashOf(hosts, name);
  }
  let named = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (matches(negated ? pattern.slice(1) : pattern, name)) {
      if (negated) {
        return false;
      }
      named = true;
    }
  }
  return named;
}

function isHashOf(field: string, name: string): boolean {
  const [, , salt = "", hash = ""] = field.split("|");
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}
