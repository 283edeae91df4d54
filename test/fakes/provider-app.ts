import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import { createAbuseIpdb } from "../../src/enrich/abuseipdb/create-abuseipdb.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { createGuard } from "../../src/guard.ts";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import type { Firewall, Log, Notifier, SplunkApi, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { silentLog } from "./silent-log.ts";

export interface ProviderAppOptions {
  /** Data, settings file and all. Start again in the same one to go on. */
  readonly dir: string;
  /** Beside those that every test needs. */
  readonly env: Readonly<Record<string, string>>;
  /** What `portcullis.yaml` holds besides. */
  readonly settings?: object;
  readonly now: () => Date;
  readonly firewalls?: readonly Firewall[];
  readonly notifiers?: readonly Notifier[];
  readonly eventNotifiers?: readonly Notifier<ToldEvent>[];
  readonly splunk?: SplunkApi;
  readonly log?: Log;
}

export interface ProviderApp {
  readonly app: App;
  readonly store: Store;
  readonly adminToken: string;
  /** Where alerts are posted. */
  readonly webhookUrl: string;
  /** Posts an alert that names these addresses, one row each. */
  readonly post: (...addresses: readonly string[]) => Promise<void>;
}

/** The whole program with the real adapters of VirusTotal and AbuseIPDB, a real SQLite file and a real receiver; lists are off. */
export async function startProviderApp(options: ProviderAppOptions): Promise<ProviderApp> {
  const {
    dir,
    env,
    settings = {},
    now,
    firewalls = [],
    notifiers = [],
    eventNotifiers = [],
    log = silentLog,
  } = options;
  const lists = { spamhausDrop: false, abuseipdbBlacklist: false };
  // JSON is YAML too.
  writeFileSync(
    join(dir, "portcullis.yaml"),
    JSON.stringify({ lists, protection: { crawlers: [] }, ...settings }),
  );
  const { config } = await loadConfig({
    env: { HOST: "127.0.0.1", PORT: "0", DATA_DIR: dir, ALLOW_DOCUMENTATION_ADDRESSES: "true", ...env },
    cwd: dir,
    hostname: "test",
    defaults: { policy: defaultPolicy, extract: defaultExtract },
    policyVersion,
    now,
  });
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    eventChannels: eventNotifiers.map(({ channel }) => channel),
  });
  const nothing = { interfaces: () => [], resolvers: () => [], gateways: () => [], networks: [], hosts: [] };
  const nobody = { lookUp: () => Promise.resolve([]), reverse: () => Promise.resolve([]) };
  const edges = {
    store,
    providers: [
      ...(config.virustotal === null ? [] : [createVirusTotal(config.virustotal, { now })]),
      ...(config.abuseipdb === null ? [] : [createAbuseIpdb(config.abuseipdb, { now })]),
    ],
    lists: [],
    firewalls,
    notifiers,
    eventNotifiers,
    splunk: options.splunk ?? null,
    guard: createGuard({ config, store, surroundings: { ...nothing, ...nobody }, now, log }),
    now,
  };
  const app = createApp(
    config,
    edges,
    { version: "test", hostname: "test", holder: `test-${crypto.randomUUID()}` },
    log,
  );
  await app.start();
  const webhookUrl = `${app.url()}/webhooks/splunk/${config.webhookTokens[0] ?? ""}`;
  return {
    app,
    store,
    adminToken: config.adminToken,
    webhookUrl,
    async post(...addresses) {
      const results = addresses.map((src_ip) => ({ src_ip, count: "5" }));
      const body = JSON.stringify({ sid: crypto.randomUUID(), search_name: "SSH brute force", results });
      const answer = await fetch(webhookUrl, { method: "POST", body });
      if (answer.status !== 202) {
        throw new Error(`the alert was answered with ${answer.status}`);
      }
    },
  };
}
