import type { FirewallConfig } from "./config.ts";
import { FirewallItem, FirewallName } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import { checkPrivateKey, type LoginSources, readLogin, trustedFor } from "./read-login.ts";
import type { SettingReader } from "./setting-reader.ts";
import type { SettingsFile } from "./settings-file.ts";
import { Host, HostKey, listOf, matching, Password, Port } from "./shapes.ts";

interface Found {
  readonly firewall: FirewallConfig;
  /** For problems: a setting's name or a place in the file. */
  readonly where: string;
}

/** The firewall of SSH_HOST first, then those of the file. Their names differ, and at least one is no canary. */
export function readFirewalls(
  reader: SettingReader,
  file: SettingsFile,
  sources: Omit<LoginSources, "directory">,
): readonly FirewallConfig[] {
  const { problems } = sources;
  const found = [
    ...fromEnvironment(reader, sources),
    ...file
      .items("firewalls", FirewallItem)
      .map(({ item, where }) => fromFile(item, where, { ...sources, directory: file.directory })),
  ];
  const names = new Set<string>();
  for (const { firewall, where } of found) {
    if (names.has(firewall.name)) {
      problems.add(where, "another firewall has the same name; give each its own `name`");
    }
    names.add(firewall.name);
  }
  const [first] = found;
  if (first !== undefined && found.every(({ firewall }) => firewall.isCanary)) {
    problems.add(
      first.where,
      "every firewall is a canary, so none is protected by one; leave `canary` out of one",
    );
  }
  return found.map(({ firewall }) => firewall);
}

function fromEnvironment(
  reader: SettingReader,
  { trustedKeys, problems }: Pick<LoginSources, "trustedKeys" | "problems">,
): readonly Found[] {
  const host = reader.read("SSH_HOST", Host);
  const port = reader.read("SSH_PORT", Port) ?? 22;
  const user = reader.read("SSH_USER", matching("a user's name", /^[\w.@-]{1,64}$/));
  const password = reader.secret("SSH_PASSWORD", Password) ?? null;
  const key = reader.file("SSH_PRIVATE_KEY_FILE");
  const hostKeys = reader.read("SSH_HOST_KEY", listOf(HostKey)) ?? [];
  const knownHosts = reader.file("SSH_KNOWN_HOSTS_FILE");
  const privateKey = checkPrivateKey("SSH_PRIVATE_KEY_FILE", key, problems);
  if (!reader.isSet("SSH_HOST")) {
    return [];
  }
  checkLogIn(reader, problems);
  if (host === undefined || user === undefined) {
    return [];
  }
  const firewall = {
    name: nameOf(host),
    host,
    port,
    user,
    password,
    privateKey,
    agent: null,
    hostKeys,
    knownHosts: knownHosts ?? trustedFor(host, hostKeys, trustedKeys),
    via: viaOf(user),
    jump: null,
    groups: [],
    isCanary: false,
    blocksOutbound: false,
    isEnabled: true,
  };
  return [{ firewall, where: "SSH_HOST" }];
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

function fromFile(item: FirewallItem, where: string, sources: LoginSources): Found {
  const firewall = {
    name: item.name ?? nameOf(item.host),
    ...readLogin(item, where, sources),
    via: item.via ?? viaOf(item.user),
    jump: item.jump === undefined ? null : readLogin(item.jump, `${where}: jump`, sources),
    groups: [...new Set(item.groups)],
    isCanary: item.canary ?? false,
    blocksOutbound: item.outbound ?? false,
    isEnabled: item.enabled ?? true,
  };
  return { firewall, where };
}

function viaOf(user: string): "root" | "sudo" {
  return user === "root" ? "root" : "sudo";
}

/** The host's name as a firewall's name: lower case, and no colons. */
function nameOf(host: string): string {
  const name = host.toLowerCase().replaceAll(":", "-").replaceAll("_", "-").slice(0, 64);
  return FirewallName.safeParse(name).data ?? "firewall";
}
