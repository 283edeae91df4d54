import { afterEach } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import type { StoreCounts } from "../../src/ports.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { eventually } from "../fakes/eventually.ts";
import { hurryTimers } from "../fakes/fast-clock.ts";
import { type ProviderApp, startProviderApp } from "../fakes/provider-app.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { MemoryFirewall, MemoryNotifier, temporaryDir } from "./run-app.ts";

const apiKey = "right-key";
export const attacker = "198.51.100.7";

/** Pauses of loops, which look after their clock only now and then, must not be slept through. */
const hurry = 50;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

export type ProviderName = "virustotal" | "abuseipdb";

/** What each says of an address that it is sure about. */
const bad = {
  virustotal: { malicious: 9, harmless: 60 },
  abuseipdb: { score: 97, reports: 90, reporters: 30 },
};

export interface ProviderDesk {
  readonly virusTotal: Awaited<ReturnType<typeof startVirusTotal>>;
  readonly abuseIpdb: Awaited<ReturnType<typeof startAbuseIpdb>>;
  readonly firewall: MemoryFirewall;
  readonly notifier: MemoryNotifier;
  /** Of the program that runs now. */
  readonly app: () => ProviderApp;
  readonly counts: () => Promise<StoreCounts>;
  readonly decisions: () => Promise<readonly Decision[]>;
  readonly now: () => Date;
  /** Moves the clock of all. */
  readonly advance: (seconds: number) => void;
  /** Ends it, and starts it on the same data. */
  readonly restart: (changes?: DeskOptions) => Promise<void>;
  readonly waits: () => Promise<boolean>;
}

export interface DeskOptions {
  /** Who is configured. Default is VirusTotal alone. */
  readonly providers?: readonly ProviderName[];
  readonly key?: string;
  /** Instead of the stand-in's; null: no other. */
  readonly url?: string | null;
  readonly settings?: object;
  readonly begin?: Date;
  readonly virusTotal?: Partial<Parameters<typeof startVirusTotal>[0]>;
  readonly abuseIpdb?: Partial<Parameters<typeof startAbuseIpdb>[0]>;
}

/** The whole program in mode enforce, with one firewall in memory and providers that can be made to fail. Both know `attacker`. */
export async function startProviderDesk(options: DeskOptions = {}): Promise<ProviderDesk> {
  cleanups.push(hurryTimers(hurry));
  const dir = temporaryDir();
  let offsetMs = (options.begin?.getTime() ?? Date.now()) - Date.now();
  const now = (): Date => new Date(Date.now() + offsetMs);
  const virusTotal = await startVirusTotal({
    apiKey,
    addresses: { [attacker]: bad.virustotal },
    now,
    ...options.virusTotal,
  });
  cleanups.push(() => virusTotal.stop());
  const abuseIpdb = await startAbuseIpdb({
    apiKey,
    addresses: { [attacker]: bad.abuseipdb },
    now,
    ...options.abuseIpdb,
  });
  cleanups.push(() => abuseIpdb.stop());
  const firewall = new MemoryFirewall();
  const notifier = new MemoryNotifier();
  const urls = { virustotal: virusTotal.url, abuseipdb: abuseIpdb.url };

  const start = async (changes: DeskOptions): Promise<ProviderApp> => {
    const { settings = {} } = changes;
    const checks = virusTotal.requests.length;
    const app = await startProviderApp({
      dir,
      env: envOf(changes, urls),
      settings,
      now,
      firewalls: [firewall],
      notifiers: [notifier],
    });
    cleanups.push(() => app.app.stop());
    if ((changes.url ?? null) === null && (changes.providers ?? ["virustotal"]).includes("virustotal")) {
      // What is to fail next must not meet the question about the key.
      await eventually("the check of the key", () => virusTotal.requests.length > checks);
    }
    return app;
  };

  let running = await start(options);
  const counts = () => running.store.counts(now());
  return {
    virusTotal,
    abuseIpdb,
    firewall,
    notifier,
    app: () => running,
    counts,
    decisions: async () => (await running.store.listDecisions({ limit: 100, cursor: null })).items,
    now,
    advance: (seconds) => {
      offsetMs += seconds * 1000;
    },
    async restart(changes = {}) {
      await running.app.stop();
      running = await start({ ...options, ...changes });
    },
    async waits() {
      const { sightingsWaiting, lookUpsWaiting, alertsWaiting } = await counts();
      return alertsWaiting === 0 && sightingsWaiting > 0 && lookUpsWaiting > 0;
    },
  };
}

function envOf(
  { providers = ["virustotal"], key = apiKey, url = null }: DeskOptions,
  urls: Readonly<Record<ProviderName, string>>,
): Readonly<Record<string, string>> {
  const login = { SSH_HOST: "192.0.2.1", SSH_USER: "root", SSH_PASSWORD: "not-used" };
  const named = providers.map((name) => {
    const prefix = name.toUpperCase();
    return { [`${prefix}_API_KEY`]: key, [`${prefix}_URL`]: url ?? urls[name] };
  });
  return named.reduce((env, more) => ({ ...env, ...more }), { MODE: "enforce", ...login });
}
