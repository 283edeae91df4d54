import { resolve } from "node:path";
import ssh2 from "ssh2";
import type { FirewallConfig } from "./config.ts";
import { FirewallItem, FirewallName } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import { readText, type SettingReader, withoutLineEnd } from "./setting-reader.ts";
import type { SettingsFile } from "./settings-file.ts";
import { Host, HostKey, listOf, matching, Password, Port } from "./shapes.ts";

interface Found {
  readonly firewall: FirewallConfig;
  /** For problems: a setting's name or a place in the file. */
  readonly where: string;
}

/** The firewall of SSH_HOST first, then those of the file. Their names differ. */
export function readFirewalls(
  reader: SettingReader,
  file: SettingsFile,
  problems: Problems,
): readonly FirewallConfig[] {
  const found = [
    ...fromEnvironment(reader, problems),
    ...file
      .items("firewalls", FirewallItem)
      .map((one) => fromFile(one.item, one.where, file.directory, problems)),
  ];
  const names = new Set<string>();
  for (const { firewall, where } of found) {
    if (names.has(firewall.name)) {
      problems.add(where, "another firewall has the same name; give each its own `name`");
    }
    names.add(firewall.name);
  }
  return found.map(({ firewall }) => firewall);
}

function fromEnvironment(reader: SettingReader, problems: Problems): readonly Found[] {
  const host = reader.read("SSH_HOST", Host);
  const port = reader.read("SSH_PORT", Port) ?? 22;
  const user = reader.read("SSH_USER", matching("a user's name", /^[\w.@-]{1,64}$/));
  const password = reader.secret("SSH_PASSWORD", Password) ?? null;
  const key = reader.file("SSH_PRIVATE_KEY_FILE");
  const hostKeys = reader.read("SSH_HOST_KEY", listOf(HostKey)) ?? [];
  const knownHosts = reader.file("SSH_KNOWN_HOSTS_FILE") ?? null;
  const privateKey = checkPrivateKey("SSH_PRIVATE_KEY_FILE", key, problems);
  if (!reader.isSet("SSH_HOST")) {
    return [];
  }
  checkLogIn(reader, problems);
  if (host === undefined || user === undefined) {
    return [];
  }
  const logIn = { port, user, password, privateKey, hostKeys, knownHosts, via: viaOf(user) };
  return [{ firewall: { name: nameOf(host), host, ...logIn }, where: "SSH_HOST" }];
}

function checkLogIn(reader: SettingReader, problems: Problems): void {
  if (!reader.isSet("SSH_USER")) {
    problems.add("SSH_USER", "SSH_HOST needs it: the user to log in as");
  }
  if (!reader.isSet("SSH_PASSWORD") && !reader.isSet("SSH_PRIVATE_KEY_FILE")) {
    problems.add("SSH_HOST", "set SSH_PRIVATE_KEY_FILE or SSH_PASSWORD to log in with");
  }
  if (reader.isSet("SSH_HOST_KEY") && reader.isSet("SSH_KNOWN_HOSTS_FILE")) {
    problems.add("SSH_HOST_KEY", "set only one of SSH_HOST_KEY and SSH_KNOWN_HOSTS_FILE");
  }
}

function fromFile(item: FirewallItem, where: string, directory: string, problems: Problems): Found {
  const read = (key: string, path: string | undefined): string | undefined =>
    path === undefined ? undefined : readText(`${where}: ${key}`, resolve(directory, path), problems);
  const inFile = read("passwordFile", item.passwordFile);
  const key = read("privateKeyFile", item.privateKeyFile);
  const knownHosts = read("knownHostsFile", item.knownHostsFile) ?? null;
  const password =
    item.password ?? (inFile === undefined ? null : oneLine(withoutLineEnd(inFile), where, problems));
  const hostKeys = [...(item.hostKey === undefined ? [] : [item.hostKey]), ...(item.hostKeys ?? [])];
  checkChoices(item, hostKeys, (what) => {
    problems.add(where, what);
  });
  return {
    where,
    firewall: {
      name: item.name ?? nameOf(item.host),
      host: item.host,
      port: item.port ?? 22,
      user: item.user,
      password,
      privateKey: checkPrivateKey(`${where}: privateKeyFile`, key, problems),
      hostKeys,
      knownHosts,
      via: item.via ?? viaOf(item.user),
    },
  };
}

function checkChoices(item: FirewallItem, hostKeys: readonly string[], add: (what: string) => void): void {
  if (item.password !== undefined && item.passwordFile !== undefined) {
    add("set only one of password and passwordFile");
  }
  if (item.password === undefined && item.passwordFile === undefined && item.privateKeyFile === undefined) {
    add("set privateKeyFile, passwordFile or password to log in with");
  }
  if (hostKeys.length > 0 && item.knownHostsFile !== undefined) {
    add("set only one of hostKey and knownHostsFile");
  }
}

function oneLine(text: string, where: string, problems: Problems): string | null {
  const checked = Password.safeParse(text);
  if (!checked.success) {
    problems.add(`${where}: passwordFile`, "expected one line of text in the file");
  }
  return checked.data ?? null;
}

/** The key, when it is a private key that can be used without asking for a passphrase. */
function checkPrivateKey(where: string, text: string | undefined, problems: Problems): string | null {
  if (text === undefined) {
    return null;
  }
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    const isEncrypted = /encrypted/i.test(parsed.message);
    const reason = isEncrypted ? "the key is protected by a passphrase" : "not a key that can be read";
    problems.add(where, `${reason}; expected a private key as ssh-keygen makes it, without a passphrase`);
    return null;
  }
  if (!parsed.isPrivateKey()) {
    problems.add(where, "this is a public key; expected the private one");
    return null;
  }
  return text;
}

function viaOf(user: string): "root" | "sudo" {
  return user === "root" ? "root" : "sudo";
}

/** The host's name as a firewall's name: lower case, and no colons. */
function nameOf(host: string): string {
  const name = host.toLowerCase().replaceAll(":", "-").replaceAll("_", "-").slice(0, 64);
  return FirewallName.safeParse(name).data ?? "firewall";
}
