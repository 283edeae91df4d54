import type { Config } from "./config.ts";
import type { Problems } from "./problems.ts";
import { type GeneratedSecrets, generateSecrets, keepSecrets, readSecrets } from "./secrets-file.ts";
import type { SettingReader } from "./setting-reader.ts";
import { BearerToken, listOf, SigningSecret, UrlToken } from "./shapes.ts";

export type SecretSettings = Pick<
  Config,
  "webhookTokens" | "webhookSigningSecrets" | "adminToken" | "generatedSecrets"
>;

interface StoreOptions {
  readonly dataDir: string;
  /** False: what is missing is made up and forgotten. */
  readonly write: boolean;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

/**
 * The secrets that callers show. Those that are not set come from DATA_DIR, where the first start keeps what it makes up;
 * nothing is written while there are problems.
 */
export function readSecretSettings(reader: SettingReader, options: StoreOptions): SecretSettings {
  const { problems } = options;
  const webhookTokens = reader.secret("WEBHOOK_TOKEN", listOf(UrlToken, 2));
  const webhookSigningSecrets = reader.secret("WEBHOOK_SIGNING_SECRET", listOf(SigningSecret, 2));
  const adminToken = reader.secret("ADMIN_TOKEN", BearerToken);
  if (adminToken !== undefined && webhookTokens?.includes(adminToken) === true) {
    problems.add(
      "ADMIN_TOKEN",
      "must differ from WEBHOOK_TOKEN, which stands in URLs and so in the logs of proxies",
    );
  }
  const unset = generatable.filter((name) => !reader.isSet(name));
  const { stored, isFresh } =
    unset.length === 0 ? { stored: generateSecrets(), isFresh: false } : storedSecrets(options);
  return {
    webhookTokens: webhookTokens ?? [stored.WEBHOOK_TOKEN],
    webhookSigningSecrets: webhookSigningSecrets ?? [stored.WEBHOOK_SIGNING_SECRET],
    adminToken: adminToken ?? stored.ADMIN_TOKEN,
    generatedSecrets: isFresh ? unset : [],
  };
}

function storedSecrets({ dataDir, write, problems, warn }: StoreOptions): {
  readonly stored: GeneratedSecrets;
  readonly isFresh: boolean;
} {
  const kept = readSecrets(dataDir, problems, warn);
  if (kept !== undefined) {
    return { stored: kept, isFresh: false };
  }
  const fresh = generateSecrets();
  const stored = write && !problems.any ? keepSecrets(fresh, dataDir, problems) : fresh;
  return { stored, isFresh: stored.ADMIN_TOKEN === fresh.ADMIN_TOKEN };
}

const generatable = ["WEBHOOK_TOKEN", "WEBHOOK_SIGNING_SECRET", "ADMIN_TOKEN"] as const;
