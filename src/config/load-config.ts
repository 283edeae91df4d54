import { join } from "node:path";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Config, ExtractConfig, ProviderConfig } from "./config.ts";
import { FindingsSection } from "./file-schema.ts";
import { createProblems } from "./problems.ts";
import { readFirewalls } from "./read-firewalls.ts";
import { checkLaterParts } from "./read-later-parts.ts";
import { readListening } from "./read-listening.ts";
import { readMail } from "./read-mail.ts";
import { readExtract, readPolicy, type UnversionedPolicy } from "./read-policy.ts";
import { readSearches } from "./read-searches.ts";
import { readSecretSettings } from "./read-secret-settings.ts";
import { readTls } from "./read-tls.ts";
import { readTrustedKeys } from "./read-trusted-keys.ts";
import { warnOfNames } from "./setting-names.ts";
import { createSettingReader, type Environment, type SettingReader } from "./setting-reader.ts";
import { readSettingsFile } from "./settings-file.ts";
import { ApiKey, databaseUrl, Host, listOf, matching, oneOf, Prefix, ServiceUrl, YesOrNo } from "./shapes.ts";
import { warnOfGaps, warnOfUselessSettings } from "./warn-of-gaps.ts";

export interface ConfigSources {
  readonly env: Environment;
  /** Relative paths in variables start here. */
  readonly cwd: string;
  /** This machine's name; part of the default sender of mails. */
  readonly hostname: string;
  readonly defaults: {
    readonly policy: UnversionedPolicy;
    readonly extract: ExtractConfig;
    /** How long a finding is used again. Default is 12 hours. */
    readonly findingSeconds?: number;
  };
  /** `sha256:` and 12 hex digits over a policy's rules and durations. */
  readonly policyVersion: (policy: UnversionedPolicy) => string;
  /** False: writes nothing; secrets that an earlier start has not kept are made up and forgotten. Default is true. */
  readonly writeSecrets?: boolean;
  /** Default is the system's clock. */
  readonly now?: () => Date;
}

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, for people: likely mistakes that stop nothing. */
  readonly warnings: readonly string[];
}

/**
 * Reads the environment, the files it names and `portcullis.yaml`, and makes the secrets that nobody has set.
 * @throws {AppError} CONFIG_INVALID with every problem, one line each: the setting or `file:line:col`, what is wrong and
 * what is expected; never a value
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const problems = createProblems();
  const warnings = [...warnOfNames(sources.env)];
  const warn = (line: string): void => {
    warnings.push(line);
  };
  const reader = createSettingReader(sources.env, sources.cwd, problems);
  const named = reader.read("CONFIG_FILE", matching("a file's path", /^[^\0\r\n]+$/));
  const file = readSettingsFile(named, sources.cwd, problems);

  checkLaterParts(reader, problems);
  warnOfUselessSettings(reader, warn);
  const basics = readBasics(reader, sources.cwd);
  const { dataDir } = basics;
  const firewalls = readFirewalls(reader, file, {
    agentSocket: sources.env["SSH_AUTH_SOCK"],
    trustedKeys: readTrustedKeys(dataDir, problems),
    problems,
  });
  const settings = {
    ...basics,
    tls: readTls(reader, (sources.now ?? (() => new Date()))(), problems, warn),
    virustotal: readProvider(reader, "VIRUSTOTAL", "https://www.virustotal.com/api/v3"),
    abuseipdb: readProvider(reader, "ABUSEIPDB", "https://api.abuseipdb.com/api/v2"),
    findingSeconds:
      file.section("findings", FindingsSection)?.keep ??
      sources.defaults.findingSeconds ??
      defaultFindingSeconds,
    firewalls,
    searches: readSearches(file, firewalls, problems),
    mail: readMail(reader, sources.hostname, problems),
    allowlist: unique([
      ...(reader.read("ALLOWLIST", listOf(Prefix)) ?? []),
      ...file.items("allowlist", Prefix).map(({ item }) => item),
    ]),
    extract: readExtract(file, sources.defaults.extract),
    policy: readPolicy(file, sources.defaults.policy, sources.policyVersion),
  };
  const secrets = readSecretSettings(reader, {
    dataDir,
    write: sources.writeSecrets ?? true,
    problems,
    warn,
  });
  problems.throwIfAny(warnings);
  warnOfGaps(settings, warn);
  return { config: { ...settings, ...secrets }, warnings };
}

const defaultFindingSeconds = 12 * 3600;

function readBasics(reader: SettingReader, cwd: string) {
  const listening = readListening(reader, cwd);
  return {
    ...listening,
    databaseUrl:
      reader.secret("DATABASE_URL", databaseUrl(cwd)) ?? `sqlite:${join(listening.dataDir, "portcullis.db")}`,
    mode: reader.read("MODE", oneOf(["observe", "approve", "enforce"])) ?? "observe",
    webhookSources: reader.read("WEBHOOK_SOURCES", listOf(Prefix)) ?? null,
    trustProxy: reader.read("TRUST_PROXY", listOf(Prefix)) ?? [],
    splunkHost: reader.read("SPLUNK_HOST", Host) ?? null,
    allowDocumentationAddresses: reader.read("ALLOW_DOCUMENTATION_ADDRESSES", YesOrNo) ?? false,
    logLevel:
      reader.read("LOG_LEVEL", oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"])) ??
      "info",
  } as const;
}

function readProvider(
  reader: SettingReader,
  provider: "VIRUSTOTAL" | "ABUSEIPDB",
  defaultUrl: string,
): ProviderConfig | null {
  const apiKey = reader.secret(`${provider}_API_KEY`, ApiKey);
  const url = reader.read(`${provider}_URL`, ServiceUrl) ?? defaultUrl;
  return apiKey === undefined ? null : { apiKey, url };
}

function unique(prefixes: readonly IpPrefix[]): readonly IpPrefix[] {
  return [...new Set(prefixes)];
}
