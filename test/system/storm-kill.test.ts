import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import type { Status } from "../../src/operate/status.ts";
import type { Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { stranger } from "../fakes/enrich-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { apiKey, type PortcullisProcess, runPortcullis } from "./run-process.ts";

const addressCount = 10_000;
const perAlert = 10;
const token = "storm-test-token-1234";
const adminToken = "storm-admin-token-1234567890abcdef";
/** Look-ups of one provider that may be under way when the process dies. */
const mostUnderWay = 8;

/** On a busy machine; else each part is over in half a minute. */
const deadlineMs = 150_000;
/** When nothing changes for so long, nothing is under way: each loop looks again at least once a second. */
const quietMs = 3000;

const addresses = Array.from({ length: addressCount }, (_, n) => stranger(n));

/** A third is bad for VirusTotal, a third for AbuseIPDB, of a third nobody knows anything. */
const kindOf = (n: number): "virustotal" | "abuseipdb" | "nobody" =>
  (["virustotal", "abuseipdb", "nobody"] as const)[n % 3] ?? "nobody";

/** Each address stands in two alerts. */
const alerts = ["a", "b"].flatMap((round) =>
  Array.from({ length: addressCount / perAlert }, (_, n) =>
    JSON.stringify({
      sid: `storm_${round}_${n}`,
      search_name: "SSH brute force",
      results: addresses.slice(n * perAlert, (n + 1) * perAlert).map((src_ip) => ({ src_ip, count: "5" })),
    }),
  ),
);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

test("kill -9 three times in a storm of 10,000 addresses: none is forgotten, none decided blindly, no look-up paid twice", async () => {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-storm-"));
  cleanups.push(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const virusTotal = await startVirusTotal({
    apiKey,
    addresses: Object.fromEntries(
      addresses.map((ip, n) => [
        ip,
        kindOf(n) === "virustotal" ? { malicious: 9 } : { malicious: 0, harmless: 60 },
      ]),
    ),
    quota: { minute: 100_000, day: 1_000_000, month: 10_000_000 },
  });
  // Not enough for all: the rest must wait as rows.
  const abuseIpdb = await startAbuseIpdb({
    apiKey,
    addresses: Object.fromEntries(
      addresses.flatMap((ip, n) =>
        kindOf(n) === "abuseipdb" ? [[ip, { score: 97, reports: 90, reporters: 30 }]] : [],
      ),
    ),
    quota: { check: 6000 },
  });
  cleanups.push(
    () => virusTotal.stop(),
    () => abuseIpdb.stop(),
  );
  const receiver = createReceiver(dir, { virusTotalUrl: virusTotal.url, abuseIpdbUrl: abuseIpdb.url });
  cleanups.push(() => receiver.kill());

  receiver.start();
  const sending = sendAll(receiver);
  for (const moment of [
    () => sending.accepted() > 500,
    () => virusTotal.asked.size > 3500,
    () => virusTotal.asked.size > 7000,
  ]) {
    await eventually("the moment to kill it", moment, deadlineMs);
    await receiver.kill();
    receiver.start();
  }
  await sending.done;
  const isQuiet = createQuiet();
  await eventually(
    "nothing more that could be asked or decided now",
    async () => {
      const { counts, providers } = await receiver.status();
      const isAsked = providers.find(({ name }) => name === "virustotal")?.waiting === 0;
      // Bad for VirusTotal is enough; for everybody else AbuseIPDB must have been asked.
      const open = addresses.filter((ip, n) => kindOf(n) !== "virustotal" && !abuseIpdb.asked.has(ip));
      // Asked in vain: the process died before the answer came. By now there may be no budget to ask again.
      const unanswered = counts.sightingsWaiting / 2 - open.length;
      return (
        isQuiet([counts.sightingsWaiting, open.length]) &&
        isAsked &&
        counts.alertsWaiting === 0 &&
        unanswered >= 0 &&
        unanswered <= 3 * mostUnderWay
      );
    },
    deadlineMs,
  );
  await receiver.stop();

  const store = await openStore({ databaseUrl: `sqlite:${join(dir, "data", "portcullis.db")}` });
  cleanups.push(() => store.close());
  const decisions = await allDecisions(store);
  const waiting = await waitingFor(store, "abuseipdb");
  const decided = new Set(decisions.map(({ ip }) => ip));
  expect(addresses.filter((ip) => !decided.has(ip) && !waiting.has(ip))).toEqual([]);
  expect(waiting.size).toBeGreaterThan(500);

  expect(decisions.filter((decision) => !isWellFounded(decision))).toEqual([]);
  const blocked = new Set(decisions.flatMap(({ ip, action }) => (action === "block" ? [ip] : [])));
  const wronged = addresses.filter((ip, n) => blocked.has(ip) && kindOf(n) === "nobody");
  const spared = addresses.filter((ip, n) => !blocked.has(ip) && kindOf(n) === "virustotal");
  expect({ wronged, spared }).toEqual({ wronged: [], spared: [] });

  for (const [name, { asked }] of Object.entries({ virusTotal, abuseIpdb })) {
    const twice = [...asked.values()].reduce((sum, times) => sum + times - 1, 0);
    expect(twice, `paid twice to ${name}`).toBeLessThanOrEqual(3 * mostUnderWay);
  }
  expect(abuseIpdb.asked.size).toBeGreaterThan(2500);
  expect(virusTotal.refused() + abuseIpdb.refused()).toBe(0);
}, 600_000);

/** Tells whether what it is shown has been the same for a while. */
function createQuiet(): (shown: readonly number[]) => boolean {
  let last = "";
  let since = performance.now();
  return (shown) => {
    if (shown.join() !== last) {
      last = shown.join();
      since = performance.now();
    }
    return performance.now() - since >= quietMs;
  };
}

interface Receiver {
  readonly start: () => void;
  /** `http://…/webhooks/splunk/…` of the process that runs now. */
  readonly webhook: () => Promise<string>;
  readonly status: () => Promise<Status>;
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A real process that is started again and again on the same data. */
function createReceiver(
  dir: string,
  urls: { readonly virusTotalUrl: string; readonly abuseIpdbUrl: string },
): Receiver {
  writeFileSync(
    join(dir, "portcullis.yaml"),
    JSON.stringify({
      lists: { spamhausDrop: false, abuseipdbBlacklist: false },
      protection: { crawlers: [] },
      limits: "none",
      providers: { virustotal: { perMinute: 100_000, perDay: 1_000_000, perMonth: 10_000_000 } },
    }),
  );
  const env = {
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_LEVEL: "error",
    WEBHOOK_TOKEN: token,
    ADMIN_TOKEN: adminToken,
    VIRUSTOTAL_API_KEY: apiKey,
    VIRUSTOTAL_URL: urls.virusTotalUrl,
    ABUSEIPDB_API_KEY: apiKey,
    ABUSEIPDB_URL: urls.abuseIpdbUrl,
  };
  let running: PortcullisProcess;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    running.child.kill(signal);
    await running.ended;
  };
  return {
    start() {
      running = runPortcullis(["serve"], env, dir);
    },
    webhook: async () => `${await running.listening}/webhooks/splunk/${token}`,
    async status() {
      const answer = await fetch(`${await running.listening}/api/v1/status`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own API
      return (await answer.json()) as Status;
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

/** Posts each alert until it is accepted, eight at a time. */
function sendAll({ webhook }: Receiver) {
  let accepted = 0;
  const left = [...alerts];
  const sendOne = async (body: string): Promise<void> => {
    await eventually(
      "an accepted alert",
      async () => {
        // A process that was killed takes nothing; the next one does.
        const answer = await fetch(await webhook(), { method: "POST", body }).catch(() => undefined);
        return answer?.status === 202;
      },
      deadlineMs,
    );
    accepted += 1;
  };
  const sendRest = async (): Promise<void> => {
    for (let body = left.shift(); body !== undefined; body = left.shift()) {
      await sendOne(body);
    }
  };
  const done = Promise.all(Array.from({ length: 8 }, () => sendRest()));
  return { done, accepted: () => accepted };
}

async function allDecisions(store: Store): Promise<readonly Decision[]> {
  const all: Decision[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Store["listDecisions"]>> = await store.listDecisions({
      limit: 500,
      cursor,
    });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

/** Addresses about which the provider is still to be asked, and for which a sighting waits. */
async function waitingFor(store: Store, provider: string): Promise<ReadonlySet<string>> {
  const claim = {
    holder: "test",
    limit: 100_000,
    now: new Date(Date.now() + 30 * 86_400_000),
    leaseMs: 60_000,
  };
  const rows = new Set((await store.claimLookUps(provider, claim)).map(({ ip }) => ip));
  const sightings = await store.claimSightings(claim);
  return new Set(sightings.map(({ ip }) => ip).filter((ip) => rows.has(ip)));
}

/** A block has a known finding; nothing was decided while somebody who matters was not asked. */
function isWellFounded({ action, findings, inputs, reasons }: Decision): boolean {
  const answered = findings.filter(({ status }) => status !== "failed");
  if (inputs.missing.length > 0 || answered.length < findings.length) {
    return false;
  }
  if (action === "block") {
    return findings.some(({ status }) => status === "known");
  }
  return action === "watch" ? answered.length === 2 : /blocked/.test(reasons[0] ?? "");
}
