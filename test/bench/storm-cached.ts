import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evidence, Finding } from "../../src/domain/finding.ts";
import type { Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { startHec } from "../fakes/hec.ts";
import { ip } from "../fakes/samples.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { apiKey, secondsUntil, startReceiver } from "./storm-run.ts";
import { alertCount, type StormWorld } from "./storm-world.ts";

type Print = (line: string) => void;

const mostSeconds = 120;

/** Decisions a second when every address is known already: over HTTP, and of sightings that wait at the start. */
export async function benchCached(world: StormWorld, print: Print): Promise<void> {
  print(`Everything known already, clock at its usual speed, ${alertCount} alerts each time:`);
  const dir = mkdtempSync(join(tmpdir(), "portcullis-storm-"));
  const virusTotal = await startVirusTotal({ apiKey, addresses: world.virustotal });
  const abuseIpdb = await startAbuseIpdb({ apiKey, addresses: world.abuseipdb });
  const hec = await startHec();
  const start = (more: { readonly hecUrl?: string } = {}) =>
    startReceiver({
      ...more,
      dir,
      virusTotalUrl: virusTotal.url,
      abuseIpdbUrl: abuseIpdb.url,
      speed: 1,
      begin: new Date(),
      origin: performance.timeOrigin + performance.now(),
    });
  try {
    await inStore(dir, (store) => seedFindings(store, world));
    for (const run of ["first", "second", "told", "fourth"] as const) {
      await inStore(dir, (store) => seedSightings(store, world, run));
      const receiver = await start(run === "told" ? { hecUrl: hec.url } : {});
      await secondsUntil(() => receiver.waiting() < alertCount, mostSeconds);
      const seconds = await secondsUntil(() => receiver.waiting() === 0, mostSeconds);
      const what = run === "first" ? "known, not yet decided" : "known, blocked where they are bad";
      const told = run === "told" ? ", and Splunk told of each" : "";
      print(
        `  waiting sightings, addresses ${what}${told}: ${rate(seconds)}; peak ${receiver.peakMegabytes().toFixed(0)} MB`,
      );
      if (run === "told") {
        const more = await secondsUntil(() => hec.indexed.length >= alertCount, mostSeconds);
        print(
          `  events: ${hec.indexed.length} in ${hec.requests.length} requests, all arrived ${more.toFixed(1)} s after the last decision`,
        );
      }
      await receiver.stop();
    }
    const receiver = await start();
    const { seconds, refused } = await receiver.post(world.bodies("fifth"));
    const after = await secondsUntil(() => receiver.waiting() === 0, mostSeconds);
    print(
      `  over HTTP: accepted in ${seconds.toFixed(1)} s (refused ${refused}), all decided ${after.toFixed(1)} s later: ${rate(seconds + after)} from first post to last decision; peak ${receiver.peakMegabytes().toFixed(0)} MB`,
    );
    await receiver.stop();
    const calls = [virusTotal, abuseIpdb].reduce((sum, { asked }) => sum + asked.size, 0);
    print(`  look-ups made meanwhile: ${calls}`);
  } finally {
    await Promise.all([virusTotal.stop(), abuseIpdb.stop(), hec.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

function rate(seconds: number): string {
  return `${(alertCount / seconds).toFixed(0)} decisions/s (${seconds.toFixed(1)} s)`;
}

async function inStore(dir: string, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore({ databaseUrl: `sqlite:${join(dir, "portcullis.db")}` });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

async function seedFindings(store: Store, { addresses, virustotal, abuseipdb }: StormWorld): Promise<void> {
  const now = new Date();
  const about = (provider: string, address: string) => ({
    provider,
    ip: ip(address),
    foundAt: now,
    expiresAt: new Date(now.getTime() + 43_200_000),
  });
  const known = (provider: string, address: string, numbers: Evidence["numbers"]): Finding => ({
    ...about(provider, address),
    status: "known",
    evidence: { numbers, times: {}, hints: [], asn: null, facts: [], link: "https://intel.example.net/" },
  });
  await store.finishLookUps({
    provider: "virustotal",
    findings: addresses.map((address) =>
      known("virustotal", address, { malicious: virustotal[address]?.malicious ?? 0 }),
    ),
    dropped: [],
    now,
  });
  await store.finishLookUps({
    provider: "abuseipdb",
    findings: addresses.map((address) =>
      known("abuseipdb", address, { score: abuseipdb[address]?.score ?? 0 }),
    ),
    dropped: [],
    now,
  });
}

const atOnce = 500;

/** As if the alerts had been accepted and read, and nothing decided. */
async function seedSightings(store: Store, { bodies }: StormWorld, run: string): Promise<void> {
  const texts = bodies(run);
  for (let start = 0; start < texts.length; start += atOnce) {
    const now = new Date();
    const alerts = texts.slice(start, start + atOnce).map((text, n) => {
      const { sid, search_name: searchName, result }: SeedBody = JSON.parse(text);
      const id = `al_${run}${start + n}`;
      return { id, sid, searchName, result };
    });
    await store.insertAlerts(
      alerts.map(({ id, sid, searchName, result }) => ({
        id,
        source: "splunk-webhook",
        sid,
        searchName,
        app: "search",
        owner: "admin",
        resultsLink: null,
        rows: [Object.entries(result).map(([field, value]) => [field, [value]] as const)],
        extras: null,
        settings: null,
        receivedAt: now,
      })),
    );
    await Promise.all(
      alerts.map(({ id, result: { src_ip, count } }) =>
        store.recordSightings(
          id,
          [{ ip: ip(src_ip), count: Number(count), fields: ["src_ip"], severity: null }],
          now,
        ),
      ),
    );
  }
}

interface SeedBody {
  readonly sid: string;
  readonly search_name: string;
  readonly result: { readonly src_ip: string; readonly count: string };
}
