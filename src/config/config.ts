import type { Mode } from "../domain/decision.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Policy } from "../domain/policy.ts";

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
  readonly splunkHost: string | null;
  readonly virustotal: ProviderConfig | null;
  readonly abuseipdb: ProviderConfig | null;
  /** How long a finding is used again. */
  readonly findingSeconds: number;
  readonly firewalls: readonly FirewallConfig[];
  /** The first that fits a search counts; a search that none fits is for all firewalls. */
  readonly searches: readonly SearchRule[];
  readonly mail: MailConfig | null;
  readonly allowlist: readonly IpPrefix[];
  readonly allowDocumentationAddresses: boolean;
  readonly extract: ExtractConfig;
  readonly policy: Policy;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
}

export interface ProviderConfig {
  readonly apiKey: string;
  /** Without a slash at the end. */
  readonly url: string;
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

/** Which firewalls the blocks of a search are for. */
export interface SearchRule {
  /** A search's name; `*` stands for any text. */
  readonly name: string;
  readonly groups: readonly string[];
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
