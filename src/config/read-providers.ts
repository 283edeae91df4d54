import type { Config, ListsConfig, ProviderConfig } from "./config.ts";
import { ListsSection, type ProviderItem, ProvidersSection } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import type { SettingReader } from "./setting-reader.ts";
import type { SettingsFile } from "./settings-file.ts";
import { ApiKey, ServiceUrl } from "./shapes.ts";

type Providers = Pick<Config, "virustotal" | "abuseipdb" | "greynoise" | "lists">;

interface ProviderSources {
  readonly reader: SettingReader;
  readonly file: SettingsFile;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

/** Who is asked about addresses. One with a key is, unless the file says `enabled: false`. */
export function readProviders(sources: ProviderSources): Providers {
  const { reader, file } = sources;
  const section = file.section("providers", ProvidersSection) ?? {};
  const read = (name: keyof typeof services): ProviderConfig | null =>
    readProvider(name, section[name] ?? {}, sources);
  const lists = file.section("lists", ListsSection) ?? {};
  const spamhausUrl = reader.read("SPAMHAUS_URL", ServiceUrl) ?? "https://www.spamhaus.org/drop";
  const abuseipdb = read("abuseipdb");
  return {
    virustotal: read("virustotal"),
    abuseipdb,
    greynoise: read("greynoise"),
    lists: {
      spamhausUrl: (lists.spamhausDrop ?? true) ? spamhausUrl : null,
      abuseipdbBlacklist: readBlacklist(lists, abuseipdb, sources),
    },
  };
}

/** Names of the providers and lists of these settings, as rules call them. */
export function configuredNames({ virustotal, abuseipdb, greynoise, lists }: Providers): ReadonlySet<string> {
  const all = { virustotal, abuseipdb, greynoise, "spamhaus-drop": lists.spamhausUrl };
  return new Set(Object.entries(all).flatMap(([name, config]) => (config === null ? [] : [name])));
}

const services = {
  virustotal: { prefix: "VIRUSTOTAL", url: "https://www.virustotal.com/api/v3", needsKey: true },
  abuseipdb: { prefix: "ABUSEIPDB", url: "https://api.abuseipdb.com/api/v2", needsKey: true },
  greynoise: { prefix: "GREYNOISE", url: "https://api.greynoise.io", needsKey: false },
} as const;

function readProvider(
  name: keyof typeof services,
  item: ProviderItem,
  { reader, file, problems }: ProviderSources,
): ProviderConfig | null {
  const { prefix, url: usualUrl, needsKey } = services[name];
  const key = `${prefix}_API_KEY` as const;
  const apiKey = reader.secret(key, ApiKey) ?? null;
  const url = reader.read(`${prefix}_URL`, ServiceUrl) ?? usualUrl;
  if (needsKey && item.enabled === true && !reader.isSet(key)) {
    problems.add(file.where(["providers", name, "enabled"]), `it can't be asked without a key; set ${key}`);
  }
  const isEnabled = item.enabled ?? apiKey !== null;
  return isEnabled && (apiKey !== null || !needsKey) ? { apiKey, url, quota: quotaOf(item) } : null;
}

function quotaOf(item: ProviderItem): ProviderConfig["quota"] {
  const windows = {
    minute: item.perMinute,
    hour: item.perHour,
    day: item.perDay,
    week: item.perWeek,
    month: item.perMonth,
  };
  return Object.fromEntries(Object.entries(windows).filter(([, limit]) => limit !== undefined));
}

function readBlacklist(
  { abuseipdbBlacklist }: Pick<ListsSection, "abuseipdbBlacklist">,
  abuseipdb: ProviderConfig | null,
  { file, warn }: Pick<ProviderSources, "file" | "warn">,
): ListsConfig["abuseipdbBlacklist"] {
  if (abuseipdbBlacklist === true && abuseipdb === null) {
    warn(`${file.where(["lists", "abuseipdbBlacklist"])}: has no effect without ABUSEIPDB_API_KEY`);
  }
  return (abuseipdbBlacklist ?? true) && abuseipdb !== null;
}
