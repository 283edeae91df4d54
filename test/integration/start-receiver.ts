import { Router } from "express";
import { afterEach } from "vitest";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import { createRefusals, type Refusals } from "../../src/ingest/refusals.ts";
import { createAcceptAlert } from "../../src/ingest/accept-alerts.ts";
import { createHttpServer, type HttpServerDeps } from "../../src/ingest/http-server.ts";
import type { Log, Store, UnreadableDelivery } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { silentLog } from "../fakes/silent-log.ts";

export const receivedAt = new Date("2026-11-20T12:00:00Z");
const token = "integration-token-1";
export const path = `/webhooks/splunk/${token}`;

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.stop()));
});

interface Receiver {
  readonly url: string;
  readonly store: Store;
  readonly unreadable: UnreadableDelivery[];
  readonly refusals: Refusals;
  /** What people were told. */
  readonly alarms: string[];
}

/** Two, as during rotation. */
export const signingSecrets = [11, 22].map((byte) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`);

/** The receiver with a store of its own; stopped after the test. */
export async function startReceiver(
  options: {
    readonly sources?: readonly string[];
    readonly trustProxy?: readonly string[];
    readonly insert?: Store["insertAlerts"];
    readonly log?: Log;
    readonly bounds?: HttpServerDeps["bounds"];
    readonly rates?: HttpServerDeps["rates"];
    readonly now?: () => Date;
    readonly countAddresses?: HttpServerDeps["countAddresses"];
  } = {},
): Promise<Receiver> {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  const unreadable: UnreadableDelivery[] = [];
  const alarms: string[] = [];
  const log = options.log ?? silentLog;
  const refusals = createRefusals({
    onAlarm: ({ key }) => Promise.resolve(void alarms.push(key)),
    onAlarmEnd: (key) => Promise.resolve(void alarms.push(`end of ${key}`)),
    log,
    clock: () => performance.now(),
  });
  const server = createHttpServer({
    host: "127.0.0.1",
    port: 0,
    tls: null,
    trustProxy: options.trustProxy ?? [],
    tokens: [token, "integration-token-2"],
    signingSecrets,
    rates: options.rates ?? { perSource: 1_000_000, perToken: null },
    refusals,
    ...boundsIn(options),
    sources: options.sources?.flatMap((text) => parseIpPrefix(text) ?? []) ?? null,
    countAddresses: options.countAddresses ?? (() => 1),
    store: {
      async keepUnreadable(delivery) {
        unreadable.push(delivery);
        await store.keepUnreadable(delivery);
      },
    },
    now: options.now ?? (() => receivedAt),
    log,
    routes: Router(),
  });
  await server.start(
    createAcceptAlert({ insertAlerts: options.insert ?? ((alerts) => store.insertAlerts(alerts)) }),
  );
  opened.push({
    async stop() {
      await server.stop();
      await store.close();
    },
  });
  return { url: server.url(), store, unreadable, refusals, alarms };
}

function boundsIn({
  bounds,
}: {
  readonly bounds?: HttpServerDeps["bounds"] | undefined;
}): Pick<HttpServerDeps, "bounds"> {
  return bounds === undefined ? {} : { bounds };
}

export function alertBody(fields: Readonly<Record<string, unknown>> = {}): object {
  return {
    sid: "1760000400.1",
    search_name: "s",
    app: "search",
    owner: "admin",
    results_link: null,
    result: { src_ip: "203.0.113.45" },
    ...fields,
  };
}
