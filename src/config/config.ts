import type { AllowEntry } from "../domain/allow-entry.ts";
import type { Mode } from "../domain/decision.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { BlastLimits, Policy } from "../domain/policy.ts";
import type { Severity } from "../domain/severity.ts";
import type { PolicySection } from "./policy-schema.ts";
import type { LogRules } from "./read-log-rules.ts";

/** Everything the program was told, checked. Holds secrets: show it only through `showConfig`. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  /** `sqlite:<absolute path>` or `postgres://…`. */
  readonly databaseUrl: string;
  readonly mode: Mode;
  /** One, or two during rotation. */
  readonly webhookTokens: readonly string[];
  readonly webhookSigningSecrets: readonly string[];
  readonly adminToken: string;
  /** Which of the secrets above this start has generated, by setting name. */
  readonly generatedSecrets: readonly string[];
  /** Null: any. */
  readonly webhookSources: readonly IpPrefix[] | null;
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | null } | null;
  readonly trustProxy: readonly IpPrefix[];
  /** Never to be blocked, with or without a login to its API. */
  readonly splunkHost: string | null;
  /** Splunk's management API; null: no login is set. */
  readonly splunk: SplunkConfig | null;
  /** Splunk's HTTP Event Collector; null: Splunk is told nothing. */
  readonly hec: HecConfig | null;
  readonly recovery: RecoveryConfig;
  readonly receiver: ReceiverRates;
  /** Hosts of the proxies through which the services are reached. */
  readonly proxyHosts: readonly string[];
  readonly virustotal: ProviderConfig | null;
  readonly abuseipdb: ProviderConfig | null;
  readonly greynoise: ProviderConfig | null;
  /** How long a finding is used again, by what it says. */
  readonly findings: { readonly known: number; readonly unknown: number; readonly failed: number };
  readonly lists: ListsConfig;
  readonly firewalls: readonly FirewallConfig[];
  /** The first that fits a search counts; a search that none fits is decided as the rest of the settings says. */
  readonly searches: readonly SearchSettings[];
  readonly mail: MailConfig | null;
  readonly allowlist: readonly AllowEntry[];
  readonly protection: ProtectionConfig;
  readonly allowDocumentationAddresses: boolean;
  readonly extract: ExtractConfig;
  readonly policy: Policy;
  /** Decides beside the other, for comparison only. */
  readonly shadow: Policy | null;
  readonly limits: BlastLimits;
  readonly logRules: LogRules;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
}

export interface SplunkConfig {
  readonly host: string;
  readonly port: number;
  readonly login:
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "user"; readonly user: string; readonly password: string };
  /** PEM text of the CAs to trust instead of the usual ones; null: the usual ones. */
  readonly ca: string | null;
  /** Fingerprint of Splunk's own certificate, 64 hex digits in lower case. With it neither CA nor host name matter. */
  readonly certSha256: string | null;
}

/** Where Splunk takes events. */
export interface HecConfig {
  /** Without a slash at the end, and without `/services/collector`. */
  readonly url: string;
  readonly token: string;
  /** Null: the token's own. */
  readonly index: string | null;
  /** As in `SplunkConfig`. */
  readonly ca: string | null;
  readonly certSha256: string | null;
}

/** What Splunk's API is asked about alerts, where it is configured. */
export interface RecoveryConfig {
  /** Only alerts that Splunk confirms, or that are signed, block without a person. */
  readonly requireGenuine: boolean;
  /** Between two looks for alerts that never came. */
  readonly catchUpSeconds: number;
}

/** Most deliveries a minute; null: no limit. */
export interface ReceiverRates {
  /** From one address. */
  readonly perSource: number | null;
  /** With one secret. */
  readonly perToken: number | null;
}

export interface ProviderConfig {
  /** Null: without a key, where the service allows it. */
  readonly apiKey: string | null;
  /** Without a slash at the end. */
  readonly url: string;
  /** What the key's plan allows; a window that is not named keeps the provider's default. */
  readonly quota: Readonly<Partial<Record<"minute" | "hour" | "day" | "week" | "month", number>>>;
}

/** Which lists of networks are downloaded. */
export interface ListsConfig {
  /** Null: not downloaded. Without a slash at the end. */
  readonly spamhausUrl: string | null;
  /** AbuseIPDB's list of the worst; needs its key. */
  readonly abuseipdbBlacklist: boolean;
}

export const crawlers = ["googlebot", "bingbot"] as const;
export const cdns = ["cloudflare", "fastly"] as const;

/** Who else is never blocked. */
export interface ProtectionConfig {
  /** Crawlers whose name leads back to their address. */
  readonly crawlers: readonly (typeof crawlers)[number][];
  /** Networks through which our own visitors come. */
  readonly cdns: readonly (typeof cdns)[number][];
  /** False: only the lists that came with this version are used. */
  readonly refreshCdns: boolean;
}

export interface ExtractConfig {
  /** Fields that hold addresses, most telling first. Compared without regard to case. */
  readonly fields: readonly string[];
  /** Also take every other field whose whole value is an address. */
  readonly otherFields: boolean;
  /** Never read, unless named in `fields`. `*` stands for any text. */
  readonly neverFields: readonly string[];
  /** Fields that hold the number of events. */
  readonly countFields: readonly string[];
  /** Fields that say in words how bad it is: `low`, `medium`, `high`, `critical` and the like. */
  readonly severityFields: readonly string[];
}

/** How to log in to a host. At least one of password, private key and agent is set. */
export interface SshLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  /** PEM or OpenSSH text. */
  readonly privateKey: string | null;
  /** Path of an SSH agent's socket. */
  readonly agent: string | null;
  /** Pins as `ssh-keygen -lf` prints them: `SHA256:…`. Empty with no known_hosts: the host is refused with its fingerprint. */
  readonly hostKeys: readonly string[];
  /** Text of a known_hosts file. */
  readonly knownHosts: string | null;
}

/** One firewall host. */
export interface FirewallConfig extends SshLogin {
  readonly name: string;
  /** `root`: the user is root. `sudo`: `sudo -n`. `helper`: the login runs the installed script and nothing else. */
  readonly via: "root" | "sudo" | "helper";
  /** The host through which this one is reached; null: directly. */
  readonly jump: SshLogin | null;
  readonly groups: readonly string[];
  /** Gets new blocks before the others. */
  readonly isCanary: boolean;
  /** Also drops packets from here to blocked networks. */
  readonly blocksOutbound: boolean;
  /** False: kept in the file, and left alone. */
  readonly isEnabled: boolean;
}

/** What is different for some searches; null: nothing. */
export interface SearchRule {
  /** A search's name; `*` stands for any text. */
  readonly name: string;
  readonly groups: readonly string[] | null;
  readonly mode: Mode | null;
  /** For alerts whose rows say nothing. */
  readonly severity: Severity | null;
  /** Fields that hold addresses, instead of those of `extract`. */
  readonly fields: readonly string[] | null;
  readonly policy: Policy | null;
}

/** A rule for searches with what the file says of its policy, which can be put on top of another policy than the live one. */
export interface SearchSettings extends SearchRule {
  /** Null as `policy` is. */
  readonly policySection: PolicySection | null;
  /** An alert is expected at least once in this time; null: nobody knows how often. */
  readonly expectSeconds: number | null;
}

export interface MailConfig {
  readonly server: string;
  readonly port: number;
  readonly tls: "starttls" | "tls" | "none";
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
}
