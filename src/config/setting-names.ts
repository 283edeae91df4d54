import { closest } from "./closest.ts";

interface Kind {
  /** May also be given as NAME_FILE, and is never shown. */
  readonly secret?: true;
  /** Belongs to a part that this version does not have yet: checked, then ignored with a warning. */
  readonly unused?: true;
}

/** Every environment variable that Portcullis reads. */
export const settings = {
  CONFIG_FILE: {},
  HOST: {},
  PORT: {},
  DATA_DIR: {},
  DATABASE_URL: { secret: true },
  MODE: {},
  WEBHOOK_TOKEN: { secret: true },
  WEBHOOK_SIGNING_SECRET: { secret: true },
  WEBHOOK_SOURCES: {},
  ADMIN_TOKEN: { secret: true },
  PORTCULLIS_TOKEN: { secret: true },
  TLS_CERT_FILE: {},
  TLS_KEY_FILE: {},
  TLS_CLIENT_CA_FILE: {},
  TRUST_PROXY: {},
  SPLUNK_HOST: {},
  SPLUNK_PORT: {},
  SPLUNK_TOKEN: { secret: true },
  SPLUNK_USER: {},
  SPLUNK_PASSWORD: { secret: true },
  SPLUNK_CA_FILE: {},
  SPLUNK_CERT_SHA256: {},
  SPLUNK_HEC_URL: {},
  SPLUNK_HEC_TOKEN: { secret: true },
  SPLUNK_HEC_INDEX: {},
  SPLUNK_HEC_CA_FILE: {},
  SPLUNK_HEC_CERT_SHA256: {},
  VIRUSTOTAL_API_KEY: { secret: true },
  VIRUSTOTAL_URL: {},
  ABUSEIPDB_API_KEY: { secret: true },
  ABUSEIPDB_URL: {},
  GREYNOISE_API_KEY: { secret: true },
  GREYNOISE_URL: {},
  SPAMHAUS_URL: {},
  SSH_HOST: {},
  SSH_PORT: {},
  SSH_USER: {},
  SSH_PASSWORD: { secret: true },
  SSH_PRIVATE_KEY_FILE: {},
  SSH_HOST_KEY: {},
  SSH_KNOWN_HOSTS_FILE: {},
  SMTP_SERVER: {},
  SMTP_PORT: {},
  SMTP_USER: {},
  SMTP_PASSWORD: { secret: true },
  SMTP_TLS: {},
  MAIL_FROM: {},
  ADMIN_EMAIL: {},
  SLACK_WEBHOOK_URL: { secret: true, unused: true },
  AWS_REGION: { unused: true },
  NACL_ID: { unused: true },
  LOG_GROUP_NAME: { unused: true },
  BRUTE_FORCE_THRESHOLD: {},
  LOOKBACK_MINUTES: {},
  ALLOWLIST: {},
  ALLOW_DOCUMENTATION_ADDRESSES: {},
  LOG_LEVEL: {},
} as const satisfies Readonly<Record<string, Kind>>;

export type SettingName = keyof typeof settings;

/** Names that may also be given as NAME_FILE. */
export type SecretName = {
  [Name in SettingName]: (typeof settings)[Name] extends { readonly secret: true } ? Name : never;
}[SettingName];

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>(Object.entries(settings));

const accepted: ReadonlySet<string> = new Set(
  [...kinds].flatMap(([name, kind]) => (kind.secret === true ? [name, `${name}_FILE`] : [name])),
);

/** Short names like PORT lie next to too many variables of other programs to guess at. */
const guessed: readonly string[] = [...accepted].filter((name) => name.length >= 7);

/** Variables of well-known programs whose names come close to ours. */
const foreign = /^(?:AWS|KUBERNETES|NODE|NPM|PG|POSTGRES|SSL)_|^(?:HOSTNAME|LOGNAME)$/i;

/** Set by Kubernetes and by nobody else for a service that is called `portcullis`. */
const serviceLink = /^PORTCULLIS_(?:PORT|HOST)$/;

/** True when the setting may also be given as NAME_FILE. */
export function isSecret(name: string): boolean {
  return kinds.get(name)?.secret === true;
}

/** One line for each variable that looks like a misspelt setting, and each setting that does nothing yet. */
export function warnOfNames(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => (env[name] ?? "") !== "")
    .sort()
    .flatMap((name) => warningOf(name) ?? []);
}

function warningOf(name: string): string | undefined {
  if (accepted.has(name)) {
    const kind = kinds.get(name) ?? kinds.get(name.replace(/_FILE$/, ""));
    return kind?.unused === true ? `${name}: has no effect in this version` : undefined;
  }
  if (foreign.test(name) || serviceLink.test(name)) {
    return undefined;
  }
  const upper = name.toUpperCase();
  const bare = upper.replace(/^PORTCULLIS_/, "");
  const meant = bare !== upper && accepted.has(bare) ? bare : closest(upper, guessed);
  return meant === undefined ? undefined : `${name}: did you mean ${meant}?`;
}
