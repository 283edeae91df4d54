import type { AllowEntry } from "../domain/allow-entry.ts";
import type {
  Config,
  FirewallConfig,
  HecConfig,
  MailConfig,
  ProviderConfig,
  SearchSettings,
  SplunkConfig,
  SshLogin,
} from "./config.ts";
import { durationText } from "./duration-text.ts";
import { showPolicy } from "./show-policy.ts";

type Line = readonly [name: string, value: string];

/** The configuration for people: one `NAME value` per line, always in the same order; of secrets only whether they are set. */
export function showConfig(config: Config): string {
  const lines: Line[] = [
    ["HOST", config.host],
    ["PORT", String(config.port)],
    ["DATA_DIR", config.dataDir],
    ["DATABASE_URL", maskUrl(config.databaseUrl)],
    ["MODE", config.mode],
    ["WEBHOOK_TOKEN", secretState(config, "WEBHOOK_TOKEN", config.webhookTokens)],
    ["WEBHOOK_SIGNING_SECRET", secretState(config, "WEBHOOK_SIGNING_SECRET", config.webhookSigningSecrets)],
    ["WEBHOOK_SOURCES", config.webhookSources === null ? "any" : list(config.webhookSources)],
    ["ADMIN_TOKEN", secretState(config, "ADMIN_TOKEN", [config.adminToken])],
    ["TLS_CERT_FILE", isSet(config.tls?.cert)],
    ["TLS_KEY_FILE", isSet(config.tls?.key)],
    ["TLS_CLIENT_CA_FILE", isSet(config.tls?.clientCa)],
    ["TRUST_PROXY", list(config.trustProxy)],
    ["SPLUNK_HOST", config.splunkHost ?? notSet],
    ...splunk(config.splunk),
    ...hec(config.hec),
    ...provider("VIRUSTOTAL", config.virustotal),
    ...provider("ABUSEIPDB", config.abuseipdb),
    ...provider("GREYNOISE", config.greynoise),
    ["SPAMHAUS_URL", config.lists.spamhausUrl ?? "not downloaded"],
    ...mail(config.mail),
    ["BRUTE_FORCE_THRESHOLD", String(config.logRules.threshold)],
    ["LOOKBACK_MINUTES", String(config.logRules.windowSeconds / 60)],
    ["ALLOWLIST", list(config.allowlist.map(allowed))],
    ["ALLOW_DOCUMENTATION_ADDRESSES", String(config.allowDocumentationAddresses)],
    ["LOG_LEVEL", config.logLevel],
    ...showPolicy("policy", config.policy, null),
    ...shadow(config),
    ...Object.entries(config.limits).map(([name, most]): Line => [`limits.${name}`, String(most ?? "none")]),
    ["receiver.perSource", String(config.receiver.perSource ?? "none")],
    ["receiver.perToken", String(config.receiver.perToken ?? "none")],
    ["extract.fields", list(config.extract.fields)],
    ["extract.otherFields", String(config.extract.otherFields)],
    ["extract.neverFields", list(config.extract.neverFields)],
    ["extract.countFields", list(config.extract.countFields)],
    ["extract.severityFields", list(config.extract.severityFields)],
    ["findings.keep", durationText(config.findings.known)],
    ["findings.keepUnknown", durationText(config.findings.unknown)],
    ["findings.keepFailed", durationText(config.findings.failed)],
    ["lists.spamhausDrop", String(config.lists.spamhausUrl !== null)],
    ["lists.abuseipdbBlacklist", String(config.lists.abuseipdbBlacklist)],
    ["splunk.requireGenuine", String(config.recovery.requireGenuine)],
    ["splunk.catchUpEvery", durationText(config.recovery.catchUpSeconds)],
    ["protection.crawlers", list(config.protection.crawlers)],
    ["protection.cdns", list(config.protection.cdns)],
    ["protection.refreshCdns", String(config.protection.refreshCdns)],
    ...config.firewalls.flatMap(firewall),
    ...config.searches.flatMap((rule) => search(rule, config.policy)),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

const notSet = "not set";

function isSet(secret: string | null | undefined): string {
  return secret === null || secret === undefined ? notSet : "set";
}

function secretState(config: Config, name: string, values: readonly string[]): string {
  if (config.generatedSecrets.includes(name)) {
    return "generated";
  }
  return values.length > 1 ? `set (${values.length} values)` : "set";
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}

/** Without user and password; parameters may hold a password too. */
function maskUrl(text: string): string {
  const url = text.startsWith("sqlite:") ? null : URL.parse(text);
  if (url === null) {
    return text.startsWith("sqlite:") ? text : "set";
  }
  const logIn = url.username === "" && url.password === "" ? "" : "***@";
  return `${url.protocol}//${logIn}${url.host}${url.pathname}${url.search === "" ? "" : "?***"}`;
}

function splunk(config: SplunkConfig | null): readonly Line[] {
  if (config === null) {
    return [];
  }
  const { port, login, ca, certSha256 } = config;
  return [
    ["SPLUNK_PORT", String(port)],
    ["SPLUNK_TOKEN", isSet(login.kind === "token" ? login.token : null)],
    ["SPLUNK_USER", isSet(login.kind === "user" ? login.user : null)],
    ["SPLUNK_PASSWORD", isSet(login.kind === "user" ? login.password : null)],
    ["SPLUNK_CA_FILE", isSet(ca)],
    ["SPLUNK_CERT_SHA256", certSha256 ?? notSet],
  ];
}

function hec(config: HecConfig | null): readonly Line[] {
  if (config === null) {
    return [["SPLUNK_HEC_URL", notSet]];
  }
  return [
    ["SPLUNK_HEC_URL", config.url],
    ["SPLUNK_HEC_TOKEN", isSet(config.token)],
    ["SPLUNK_HEC_INDEX", config.index ?? "the token's own"],
    ["SPLUNK_HEC_CA_FILE", isSet(config.ca)],
    ["SPLUNK_HEC_CERT_SHA256", config.certSha256 ?? notSet],
  ];
}

function provider(name: string, config: ProviderConfig | null): readonly Line[] {
  const windows = Object.entries(config?.quota ?? {}).map(([window, most]) => `${most} a ${window}`);
  const lines: readonly Line[] = [
    [`${name}_API_KEY`, isSet(config?.apiKey)],
    [`${name}_URL`, config?.url ?? notSet],
  ];
  return windows.length === 0 ? lines : [...lines, [`providers.${name.toLowerCase()}`, list(windows)]];
}

function allowed({ prefix, reason, owner, expiresAt }: AllowEntry): string {
  const until = expiresAt === null ? "" : `until ${expiresAt.toISOString()}`;
  const about = [reason, owner, until].filter((text) => text !== "");
  return about.length === 0 ? prefix : `${prefix} (${about.join("; ")})`;
}

function shadow({ policy, shadow: other }: Config): readonly Line[] {
  return other === null ? [["shadow", "none"]] : showPolicy("shadow", other, policy);
}

function mail(config: MailConfig | null): [string, string][] {
  if (config === null) {
    return [["SMTP_SERVER", notSet]];
  }
  return [
    ["SMTP_SERVER", config.server],
    ["SMTP_PORT", String(config.port)],
    ["SMTP_USER", isSet(config.user)],
    ["SMTP_PASSWORD", isSet(config.password)],
    ["SMTP_TLS", config.tls],
    ["MAIL_FROM", config.from],
    ["ADMIN_EMAIL", list(config.to)],
  ];
}

function firewall(config: FirewallConfig): [string, string][] {
  const name = `firewall ${config.name}`;
  const [address, ...login] = loginLines(name, config);
  return [
    [name, `${address} via ${config.via}${config.isEnabled ? "" : ", disabled"}`],
    ...login,
    ...(config.jump === null ? [] : jumpLines(`${name} jump host`, config.jump)),
    [`${name} groups`, list(config.groups)],
    [`${name} canary`, String(config.isCanary)],
    [`${name} outbound`, String(config.blocksOutbound)],
  ];
}

function jumpLines(name: string, jump: SshLogin): [string, string][] {
  const [address, ...login] = loginLines(name, jump);
  return [[name, address], ...login];
}

function loginLines(name: string, login: SshLogin): [address: string, ...lines: [string, string][]] {
  return [
    `${login.user} on ${login.host} port ${login.port}`,
    [`${name} password`, isSet(login.password)],
    [`${name} private key`, isSet(login.privateKey)],
    [`${name} agent`, login.agent ?? notSet],
    [`${name} host keys`, login.knownHosts === null ? list(login.hostKeys) : "known_hosts file"],
  ];
}

function search(rule: SearchSettings, base: Config["policy"]): readonly Line[] {
  const name = `search ${rule.name}`;
  const { groups, mode, severity, fields, policy, expectSeconds } = rule;
  return [
    [name, groups === null ? "all firewalls" : `groups ${list(groups)}`],
    ...[["mode", mode] as const, ["severity", severity] as const].flatMap(([what, value]): Line[] =>
      value === null ? [] : [[`${name} ${what}`, value]],
    ),
    ...(fields === null ? [] : [[`${name} fields`, list(fields)] as const]),
    ...(expectSeconds === null ? [] : [[`${name} expectEvery`, durationText(expectSeconds)] as const]),
    ...(policy === null ? [] : showPolicy(`${name} policy`, policy, base)),
  ];
}
