import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { benchCached } from "./storm-cached.ts";
import { callsOf, figuresOf, placesOf, wasteOf } from "./storm-calls.ts";
import { apiKey, type RunningReceiver, startReceiver } from "./storm-run.ts";
import { alertCount, addressCount, createStormWorld, type StormWorld, worstCount } from "./storm-world.ts";

const speed = 100;
const stormMs = 90_000;
/** Fifteen hours before VirusTotal's day ends, twenty before AbuseIPDB's does. */
const begin = new Date("2026-11-20T09:00:00Z");
/** A call may be so long on its way, in the time of the world. */
const flightMs = 50 * speed;

type Print = (line: string) => void;

/** 50,000 alerts about 2,000 addresses at the budgets of the free plans, on a clock that runs 100 times faster; then with everything known. */
export async function benchStorm(print: Print): Promise<void> {
  const world = createStormWorld();
  await benchFreePlans(world, print);
  await benchCached(world, print);
}

async function benchFreePlans(world: StormWorld, print: Print): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-storm-"));
  const origin = performance.timeOrigin + performance.now();
  const now = (): Date =>
    new Date(begin.getTime() + (performance.timeOrigin + performance.now() - origin) * speed);
  const virusTotal = await startVirusTotal({
    apiKey,
    addresses: world.virustotal,
    quota: { minute: 4, day: 500, month: 15_500 },
    now,
  });
  const abuseIpdb = await startAbuseIpdb({
    apiKey,
    addresses: world.abuseipdb,
    quota: { check: 1000, network: 100 },
    now,
  });
  const receiver = await startReceiver({
    dir,
    virusTotalUrl: virusTotal.url,
    abuseIpdbUrl: abuseIpdb.url,
    speed,
    begin,
    origin,
  });
  try {
    const startedAt = performance.now();
    const { seconds, refused } = await receiver.post(world.bodies("first"));
    print(
      `Storm: ${alertCount} alerts about ${addressCount} addresses, free plans, clock ${speed} times faster, observed for ${stormMs / 1000} s (${((stormMs * speed) / 3_600_000).toFixed(1)} h)`,
    );
    print(
      `  all accepted after ${seconds.toFixed(1)} s, ${(alertCount / seconds).toFixed(0)}/s, refused ${refused}`,
    );
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, stormMs - (performance.now() - startedAt))),
    );
    const blockedAt = blockTimes(receiver);
    for (const [name, service] of Object.entries({ VirusTotal: virusTotal, AbuseIPDB: abuseIpdb })) {
      printCalls(world, { name, service, blockedAt }, print);
    }
    printDecisions(world, receiver, print);
    await printStatus(receiver, print);
  } finally {
    await receiver.stop();
    await Promise.all([virusTotal.stop(), abuseIpdb.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}

function blockTimes({ query }: RunningReceiver): ReadonlyMap<string, number> {
  const rows = query("select ip, min(decided_at) as at from decisions where action = 'block' group by ip");
  return new Map(rows.map(({ ip, at }) => [String(ip), Number(at)]));
}

interface Asked {
  readonly name: string;
  readonly service: Awaited<ReturnType<typeof startVirusTotal>>;
  readonly blockedAt: ReadonlyMap<string, number>;
}

function printCalls(world: StormWorld, { name, service, blockedAt }: Asked, print: Print): void {
  const calls = callsOf(service);
  const isReported = (about: string): boolean => (world.abuseipdb[about]?.reports ?? 0) > 0;
  const waste = wasteOf({ calls, paid: service.asked, isReported }, blockedAt, flightMs);
  const networks = calls.filter(({ about }) => about.includes("/")).length;
  const places = placesOf(calls, world.addresses.slice(0, worstCount));
  const { median, p95 } = figuresOf(places);
  print(
    `  ${name.padEnd(11)} ${calls.length} look-ups (${networks} of networks), refused by it ${service.refused()}; at most ${waste.mostPerAddress} about one address`,
  );
  print(
    `  ${"".padEnd(11)} wasted: ${waste.aboutProtected} about protected, ${waste.aboutBlocked} about blocked, ${waste.aboutKnown} about known addresses; ${waste.afterNetwork} alone after their /24 had accused them`,
  );
  print(
    `  ${"".padEnd(11)} asked about ${places.length} of the ${worstCount} worst, place among all look-ups: median ${median}, 95 % within the first ${p95}`,
  );
}

function printDecisions(world: StormWorld, { query }: RunningReceiver, print: Print): void {
  const seen = timesOf(query("select ip, min(created_at) as at from sightings group by ip"));
  const decided = timesOf(query("select ip, min(decided_at) as at from decisions group by ip"));
  const worst = world.addresses.slice(0, worstCount);
  const minutes = worst.flatMap((ip) => {
    const [from, to] = [seen.get(ip), decided.get(ip)];
    return from === undefined || to === undefined ? [] : [(to - from) / 60_000];
  });
  const { median, p95 } = figuresOf(minutes);
  const last = Math.max(...minutes);
  print(
    `  the ${worstCount} worst: ${minutes.length} decided, first sighting to decision median ${median.toFixed(1)} min, 95 % within ${p95.toFixed(1)} min, all within ${last.toFixed(1)} min of the world's time (a second of computing is ${(speed / 60).toFixed(1)} min of it)`,
  );
  const actions = query(
    "select action, count(*) as n, count(distinct ip) as ips from decisions group by action",
  );
  const told = actions.map(
    ({ action, n, ips }) => `${String(action)} ${String(n)} (${String(ips)} addresses)`,
  );
  print(`  decisions: ${told.join(", ")}; ${decided.size} of ${addressCount} addresses have at least one`);
}

function timesOf(rows: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ ip, at }) => [String(ip), Number(at)]));
}

async function printStatus(receiver: RunningReceiver, print: Print): Promise<void> {
  const { counts, providers, troubles } = await receiver.status();
  print(
    `  still waiting: ${counts.sightingsWaiting} sightings, ${counts.lookUpsWaiting} look-ups (${providers.map(({ name, waiting }) => `${name} ${waiting}`).join(", ")}); peak ${receiver.peakMegabytes().toFixed(0)} MB resident`,
  );
  for (const line of troubles) {
    print(`  status: ${line}`);
  }
}
