import { lookup, reverse } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { getServers } from "node:dns";
import { networkInterfaces } from "node:os";
import { createBackground } from "./background.ts";
import { createCrowd } from "./crowd.ts";
import type { Config } from "./config/config.ts";
import { type AnsweringDeps, createApiDeps } from "./answering.ts";
import { readGateways } from "./decide/read-gateways.ts";
import { readNameServers } from "./decide/read-name-servers.ts";
import { createIptablesSshFirewall } from "./enforce/iptables-ssh/create-iptables-ssh-firewall.ts";
import { lengthOf } from "./domain/ip-address.ts";
import { createAbuseIpdb } from "./enrich/abuseipdb/create-abuseipdb.ts";
import { createAbuseIpdbBlacklist } from "./enrich/abuseipdb/create-blacklist.ts";
import { createCdnList } from "./enrich/cdn-lists/create-cdn-list.ts";
import { createGreyNoise } from "./enrich/greynoise/create-greynoise.ts";
import { createSpamhausDrop } from "./enrich/spamhaus-drop/create-spamhaus-drop.ts";
import { createVirusTotal } from "./enrich/virustotal/create-virustotal.ts";
import { extractAlert } from "./extract/extract-alert.ts";
import { createGuard, type Guard, type Surroundings } from "./guard.ts";
import { createAcceptAlert } from "./ingest/accept-alerts.ts";
import { countAddresses } from "./ingest/count-addresses.ts";
import { createHttpServer, type HttpServer } from "./ingest/http-server.ts";
import { createRefusals, type Refusals } from "./ingest/refusals.ts";
import { createSplunkApi } from "./ingest/splunk-api/create-splunk-api.ts";
import { createTakeAlert } from "./ingest/take-alert.ts";
import { createEmailNotifier } from "./notify/email.ts";
import { createHecNotifier, hecChannel } from "./notify/hec/create-hec-notifier.ts";
import { watchChannel } from "./notify/watch-channel.ts";
import { createRoutes } from "./operate/routes.ts";
import type { Alert, Sighting } from "./domain/alert.ts";
import type { ToldEvent } from "./domain/told-event.ts";
import { createIntelligence } from "./intelligence.ts";
import type {
  AcceptAlert,
  Firewall,
  IntelProvider,
  Log,
  Notifier,
  PrefixListSource,
  SplunkApi,
  Store,
} from "./ports.ts";
import { openStore } from "./record/open-store.ts";

/** Everything outside the process. */
export interface Edges {
  readonly store: Store;
  readonly providers: readonly IntelProvider[];
  /** Lists of networks that are downloaded. */
  readonly lists: readonly PrefixListSource[];
  readonly firewalls: readonly Firewall[];
  /** Channels to people. */
  readonly notifiers: readonly Notifier[];
  /** Programs that are told of every event. */
  readonly eventNotifiers: readonly Notifier<ToldEvent>[];
  /** Where alerts can be asked about; null: not configured. */
  readonly splunk: SplunkApi | null;
  /** Knows what must never be blocked. */
  readonly guard: Guard;
  readonly now: () => Date;
}

export interface App {
  /** Resolves when it listens. @throws {AppError} CONFIG_INVALID when the port is taken */
  start(): Promise<void>;
  /** Takes no new alerts, ends what has begun, leaves every block standing. Harmless when called twice. */
  stop(): Promise<void>;
  url(): string;
}

/** Who this process is, to others. */
export interface Identity {
  readonly version: string;
  /** This machine's name. */
  readonly hostname: string;
  /** Names this process in leases: host, process id and a random part. */
  readonly holder: string;
}

/**
 * The one function that names concrete adapters.
 * @throws {AppError} STORE_IN_USE, STORE_UNAVAILABLE
 */
export async function createEdges(
  config: Config,
  identity: Pick<Identity, "version" | "hostname">,
  log: Log,
): Promise<Edges> {
  const channels = config.mail === null ? [] : ["email"];
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    log,
    alarmChannels: channels,
    eventChannels: config.hec === null ? [] : [hecChannel],
  });
  const now = (): Date => new Date();
  const guard = createGuard({ config, store, surroundings: surroundingsOf(config), now, log });
  return {
    store,
    providers: [
      ...(config.virustotal === null ? [] : [createVirusTotal(config.virustotal)]),
      ...(config.abuseipdb === null ? [] : [createAbuseIpdb(config.abuseipdb)]),
      ...(config.greynoise === null ? [] : [createGreyNoise(config.greynoise)]),
    ],
    lists: createLists(config),
    firewalls: config.firewalls
      .filter(({ isEnabled }) => isEnabled)
      .map((firewall) => createIptablesSshFirewall(firewall, { log, neverBlock: guard.neverBlock })),
    notifiers:
      config.mail === null ? [] : [createEmailNotifier(config.mail, { canaries: canariesOf(config) })],
    eventNotifiers:
      config.hec === null
        ? []
        : [watchChannel(createHecNotifier(config.hec, identity), { store, channels, now, log })],
    splunk: config.splunk === null ? null : createSplunkApi(config.splunk),
    guard,
    now,
  };
}

function createLists({ lists, abuseipdb, protection }: Config): readonly PrefixListSource[] {
  return [
    ...(lists.spamhausUrl === null ? [] : createSpamhausDrop(lists.spamhausUrl)),
    ...(lists.abuseipdbBlacklist && abuseipdb !== null ? [createAbuseIpdbBlacklist(abuseipdb)] : []),
    ...(protection.refreshCdns ? protection.cdns.map((name) => createCdnList(name)) : []),
  ];
}

function readText(path: string): string {
  return readFileSync(path, "latin1");
}

/** What this machine and its name servers tell. */
function surroundingsOf(config: Config): Surroundings {
  return {
    interfaces: () =>
      Object.values(networkInterfaces()).flatMap((entries) => entries?.map(({ address }) => address) ?? []),
    // Node reads them once; both, because they may have changed since. `9.9.9.9`, `9.9.9.9:5353` or `[2620:fe::9]:5353`.
    resolvers: () => [
      ...getServers().map((server) => server.replace(/^\[(.*)\]:\d+$/, "$1").replace(/^([\d.]+):\d+$/, "$1")),
      ...readNameServers(readText),
    ],
    gateways: () => readGateways(readText),
    networks: [
      ...config.trustProxy.map((prefix) => ({ prefix, why: "a trusted proxy" })),
      // A network of length 0 says "anybody", which is nobody in particular.
      ...(config.webhookSources ?? [])
        .filter((prefix) => lengthOf(prefix) > 0)
        .map((prefix) => ({ prefix, why: "a source of alerts (WEBHOOK_SOURCES)" })),
    ],
    hosts: hostsWeNeed(config),
    lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    reverse: (ip) => reverse(ip),
  };
}

function canariesOf({ firewalls }: Config): readonly string[] {
  return firewalls.filter(({ isCanary, isEnabled }) => isCanary && isEnabled).map(({ name }) => name);
}

function hostsWeNeed(config: Config): readonly { readonly host: string; readonly why: string }[] {
  const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");
  const hosts = [
    ...(config.splunkHost === null ? [] : [{ host: config.splunkHost, why: "Splunk" }]),
    ...config.proxyHosts.map((host) => ({ host, why: "the proxy to the services" })),
    ...(config.hec === null ? [] : [{ host: hostOf(config.hec.url), why: "Splunk's event collector" }]),
    ...(config.mail === null ? [] : [{ host: config.mail.server, why: "the mail server" }]),
    ...(config.virustotal === null ? [] : [{ host: hostOf(config.virustotal.url), why: "VirusTotal" }]),
    ...(config.abuseipdb === null ? [] : [{ host: hostOf(config.abuseipdb.url), why: "AbuseIPDB" }]),
    ...(config.greynoise === null ? [] : [{ host: hostOf(config.greynoise.url), why: "GreyNoise" }]),
    ...(config.lists.spamhausUrl === null
      ? []
      : [{ host: hostOf(config.lists.spamhausUrl), why: "Spamhaus" }]),
    ...(config.databaseUrl.startsWith("sqlite:")
      ? []
      : [{ host: hostOf(config.databaseUrl), why: "the database" }]),
    ...config.firewalls.map(({ host, name }) => ({ host, why: `firewall ${name}` })),
    ...config.firewalls.flatMap(({ jump, name }) =>
      jump === null ? [] : [{ host: jump.host, why: `the jump host of firewall ${name}` }],
    ),
  ];
  // A database on a local socket has no host.
  return hosts.filter(({ host }) => host !== "");
}

/** Wires the parts together. Nothing runs until `start`. */
export function createApp(config: Config, edges: Edges, identity: Identity, log: Log): App {
  const { store } = edges;
  const channels = edges.notifiers.map(({ channel }) => channel);
  const intelligence = createIntelligence({ ...edges, config, channels, holder: identity.holder, log });
  const extract = (alert: Extracted): readonly Sighting[] =>
    extractAlert(
      alert,
      config.extract,
      intelligence.planOf({ searchName: alert.searchName, askedMode: null }),
    );
  const commit = createAcceptAlert(store);
  const deliveries = createCrowd(() => performance.now());
  const refusals = refusalsTold(edges, channels, log);
  const parts = { config, edges, identity, log, extract, intelligence, refusals };
  const background = createBackground({ ...parts, isCrowded: deliveries.isCrowded });
  const { wakeFirewalls, wakePipeline } = background;
  const takeAlert = createTakeAlert({
    accept: (alert) => accept(alert),
    countAddresses: (alert) => countAddresses(alert, extract),
    now: edges.now,
  });
  const server = createServer({ ...parts, wakeFirewalls, wakePipeline, takeAlert });

  const accept: AcceptAlert = async (alert) => {
    const outcome = await deliveries.during(() => commit(alert));
    background.wakePipeline();
    return outcome;
  };

  let stopped: Promise<void> | undefined;
  return {
    async start() {
      await server.start(accept);
      await background.start();
    },
    stop() {
      stopped ??= (async () => {
        try {
          await server.stop();
          await background.stop();
          await intelligence.enrich.settle();
          const { firewalls, notifiers, eventNotifiers, splunk } = edges;
          const open = [...firewalls, ...notifiers, ...eventNotifiers, ...(splunk === null ? [] : [splunk])];
          await Promise.all(open.map((edge) => edge.close()));
          await store.releaseLeases(identity.holder);
        } finally {
          await store.close();
        }
      })();
      return stopped;
    },
    url: () => server.url(),
  };
}

/** People are told of what is refused like of any other trouble. */
function refusalsTold({ store, now }: Edges, channels: readonly string[], log: Log): Refusals {
  return createRefusals({
    onAlarm: async (alarm) => {
      await store.raiseAlarm(alarm, channels, now());
    },
    onAlarmEnd: (key) => store.endAlarm(key, now()),
    log,
    clock: () => performance.now(),
  });
}

type Extracted = Pick<Alert, "rows" | "searchName" | "settings">;

interface ServerDeps extends AnsweringDeps {
  readonly extract: (alert: Extracted) => readonly Sighting[];
  readonly refusals: Refusals;
}

function createServer(deps: ServerDeps): HttpServer {
  const { config, edges, log, extract } = deps;
  return createHttpServer({
    host: config.host,
    port: config.port,
    tls: config.tls,
    trustProxy: config.trustProxy,
    tokens: config.webhookTokens,
    signingSecrets: config.webhookSigningSecrets,
    rates: config.receiver,
    refusals: deps.refusals,
    sources: config.webhookSources,
    countAddresses: (alert) => countAddresses(alert, extract),
    store: edges.store,
    now: edges.now,
    log,
    routes: createRoutes(createApiDeps(deps)),
  });
}
