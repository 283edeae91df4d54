import type { Config, FirewallConfig, SearchRule } from "./config.ts";
import type { SettingName } from "./setting-names.ts";
import type { SettingReader } from "./setting-reader.ts";

/** Settings that do nothing unless another one is set as well. */
const dependents: readonly (readonly [needed: SettingName, dependents: readonly SettingName[]])[] = [
  ["SMTP_SERVER", ["SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_TLS", "MAIL_FROM", "ADMIN_EMAIL"]],
  [
    "SSH_HOST",
    ["SSH_PORT", "SSH_USER", "SSH_PASSWORD", "SSH_PRIVATE_KEY_FILE", "SSH_HOST_KEY", "SSH_KNOWN_HOSTS_FILE"],
  ],
  [
    "SPLUNK_HEC_URL",
    ["SPLUNK_HEC_TOKEN", "SPLUNK_HEC_INDEX", "SPLUNK_HEC_CA_FILE", "SPLUNK_HEC_CERT_SHA256"],
  ],
  ["VIRUSTOTAL_API_KEY", ["VIRUSTOTAL_URL"]],
  ["ABUSEIPDB_API_KEY", ["ABUSEIPDB_URL"]],
];

/** Warns of each setting that has no effect because the one it belongs to is missing. */
export function warnOfUselessSettings(reader: SettingReader, warn: (line: string) => void): void {
  for (const [needed, names] of dependents) {
    const useless = reader.isSet(needed) ? [] : names.filter((name) => reader.isSet(name));
    if (useless.length > 0) {
      warn(`${useless.join(", ")}: no effect without ${needed}`);
    }
  }
}

/** Warns of a configuration that is right and yet will not do what its owner expects. */
export function warnOfGaps(
  { mode, firewalls, searches }: Pick<Config, "mode" | "firewalls" | "searches">,
  warn: (line: string) => void,
): void {
  const enabled = firewalls.filter(({ isEnabled }) => isEnabled);
  if (mode !== "observe" && enabled.length === 0) {
    const what = firewalls.length === 0 ? "a firewall" : "an enabled firewall";
    warn(`MODE: ${mode} without ${what} blocks nobody; set SSH_HOST, or firewalls: in portcullis.yaml`);
  }
  enabled.forEach((firewall) => {
    warnOfMissingPins(firewall, warn);
  });
  for (const search of searches) {
    warnOfSearch(search, { mode, enabled }, warn);
  }
}

function warnOfSearch(
  { name, groups, mode: ownMode }: SearchRule,
  { mode, enabled }: Pick<Config, "mode"> & { readonly enabled: readonly FirewallConfig[] },
  warn: (line: string) => void,
): void {
  if (
    groups !== null &&
    !enabled.some((firewall) => firewall.groups.some((group) => groups.includes(group)))
  ) {
    warn(`searches: every firewall for the search "${name}" is disabled, so it blocks nobody`);
  } else if (ownMode !== null && ownMode !== "observe" && mode === "observe" && enabled.length === 0) {
    warn(`searches: mode ${ownMode} for the search "${name}" blocks nobody without an enabled firewall`);
  }
}

function warnOfMissingPins({ name, jump, ...login }: FirewallConfig, warn: (line: string) => void): void {
  for (const one of [jump, login]) {
    if (one !== null && one.hostKeys.length === 0 && one.knownHosts === null) {
      const host = one === jump ? `its jump host ${one.host}` : "it";
      warn(
        `firewall ${name}: no host key is pinned, so ${host} will be refused; run \`portcullis firewall trust ${name}\``,
      );
    }
  }
}
