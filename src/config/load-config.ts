import { join } from "node:path";
import { modes } from "../domain/decision.ts";
import type { Config, ExtractConfig } from "./config.ts";
import { createProblems, type Problems } from "./problems.ts";
import { readAllowlist } from "./read-allowlist.ts";
import { readFirewalls } from "./read-firewalls.ts";
import { readHec } from "./read-hec.ts";
import { checkLaterParts } from "./read-later-parts.ts";
import { readListening } from "./read-listening.ts";
import { readLogRules } from "./read-log-rules.ts";
import { readMail } from "./read-mail.ts";
import { createPolicyReader, readPolicies } from "./read-policies.ts";
import type { UnversionedPolicy } from "./read-policy.ts";
import { configuredNames, readProviders } from "./read-providers.ts";
import { readRecovery } from "./read-recovery.ts";
import { readSearches } from "./read-searches.ts";
import { readSecretSettings } from "./read-secret-settings.ts";
import { readExtract, readFindings, readLimits, readProtection, readReceiver } from "./read-sections.ts";
import { readSplunk } from "./read-splunk.ts";
import { readTls } from "./read-tls.ts";
import { readTrustedKeys } from "./read-trusted-keys.ts";
import { warnOfNames } from "./setting-names.ts";
import { createSettingReader, type Environment, type SettingReader } from "./setting-reader.ts";
import { readSettingsFile, type SettingsFile } from "./settings-file.ts";
import { databaseUrl, Host, listOf, matching, oneOf, Prefix, YesOrNo } from "./shapes.ts";
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
    /** Default is 12 hours, 1 hour and 15 minutes. */
    readonly findings?: Config["findings"];
  };
  /** `sha256:` and 12 hex digits over a policy. */
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

  checkLaterParts(reader);
  warnOfUselessSettings(reader, warn);
  const now = (sources.now ?? (() => new Date()))();
  const basics = readBasics(reader, sources.cwd);
  const { dataDir } = basics;
  const firewalls = readFirewalls(reader, file, {
    agentSocket: sources.env["SSH_AUTH_SOCK"],
    trustedKeys: readTrustedKeys(dataDir, problems),
    problems,
  });
  const tls = readTls(reader, now, problems, warn);
  const splunk = readSplunk(reader, { host: basics.splunkHost, now, problems, warn });
  const settings = {
    ...basics,
    proxyHosts: proxyHostsOf(sources.env),
    tls,
    splunk,
    hec: readHec(reader, { now, problems, warn }),
    firewalls,
    ...readDeciding(file, reader, { sources, firewalls, problems, warn }),
    mail: readMail(reader, sources.hostname, problems),
    allowlist: readAllowlist(reader, file, { now, warn }),
    extract: readExtract(file, sources.defaults.extract),
    protection: readProtection(file),
    recovery: readRecovery(file, splunk, problems),
    receiver: readReceiver(file),
    logRules: readLogRules(reader),
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

interface DecidingOptions {
  readonly sources: ConfigSources;
  readonly firewalls: Config["firewalls"];
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

const usualFindings: Config["findings"] = { known: 12 * 3600, unknown: 3600, failed: 15 * 60 };

/** Who is asked, and what is made of the answers. */
function readDeciding(file: SettingsFile, reader: SettingReader, options: DecidingOptions) {
  const { sources, problems, warn } = options;
  const providers = readProviders({ reader, file, problems, warn });
  const policies = createPolicyReader({
    file,
    versionOf: sources.policyVersion,
    configured: configuredNames(providers),
    problems,
    warn,
  });
  const decided = readPolicies(file, policies, { defaults: sources.defaults.policy, warn });
  return {
    ...providers,
    findings: readFindings(file, sources.defaults.findings ?? usualFindings),
    ...decided,
    limits: readLimits(file),
    searches: readSearches(file, { ...options, policy: decided.policy, policies }),
  };
}

/** As the HTTP client reads them. */
function proxyHostsOf(env: Environment): readonly string[] {
  const urls = ["HTTPS_PROXY", "HTTP_PROXY"].flatMap((name) => [env[name], env[name.toLowerCase()]]);
  const hosts = urls.flatMap((url) => URL.parse(url ?? "")?.hostname.replace(/^\[|\]$/g, "") ?? []);
  return [...new Set(hosts)].filter((host) => host !== "");
}

function readBasics(reader: SettingReader, cwd: string) {
  const listening = readListening(reader, cwd);
  return {
    ...listening,
    databaseUrl:
      reader.secret("DATABASE_URL", databaseUrl(cwd)) ?? `sqlite:${join(listening.dataDir, "portcullis.db")}`,
    mode: reader.read("MODE", oneOf(modes)) ?? "observe",
    webhookSources: reader.read("WEBHOOK_SOURCES", listOf(Prefix)) ?? null,
    trustProxy: reader.read("TRUST_PROXY", listOf(Prefix)) ?? [],
    splunkHost: reader.read("SPLUNK_HOST", Host) ?? null,
    allowDocumentationAddresses: reader.read("ALLOW_DOCUMENTATION_ADDRESSES", YesOrNo) ?? false,
    logLevel:
      reader.read("LOG_LEVEL", oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"])) ??
      "info",
  } as const;
}
