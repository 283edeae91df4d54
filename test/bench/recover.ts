import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../../src/domain/alert.ts";
import { eventually } from "../fakes/eventually.ts";
import { type ProviderApp, startProviderApp } from "../fakes/provider-app.ts";
import { MemorySplunk, webhookSearch } from "../fakes/splunk-api.ts";

const rowCount = 50_000;
const missedCount = 1000;
const deadlineMs = 300_000;
const token = "bench-token-bench-token";

/** How fast rows that the webhook left out, and alerts that never came, are worked on. Splunk is in memory: what is measured is ours. */
export async function benchRecover(print: (line: string) => void): Promise<void> {
  await inDirectory(async (dir) => {
    const splunk = new MemorySplunk();
    const sid = splunk.addRun(sidOf(0), rows(rowCount));
    const one = await start(dir, splunk);
    const beginMs = performance.now();
    await deliver(one, sid);
    await settled(one, (counts) => counts.rowsRecovered === rowCount - 1 && counts.alertsWaiting === 0);
    const recordedMs = performance.now() - beginMs;
    await settled(one, (counts) => counts.sightingsWaiting === 0);
    const decidedMs = performance.now() - beginMs;
    await one.app.stop();
    print(`Rows of one alert: ${rowCount}`);
    print(`  all addresses on record  ${told(rowCount, recordedMs)}`);
    print(`  all decided              ${told(rowCount, decidedMs)}`);
  });
  await inDirectory(async (dir) => {
    const before = await start(dir, new MemorySplunk());
    await deliver(before, sidOf(0));
    await before.app.stop();
    const splunk = new MemorySplunk();
    splunk.searches.push(webhookSearch(before.webhookUrl));
    for (const [n, row] of rows(missedCount).entries()) {
      const sid = splunk.addRun(sidOf(n + 1), [row]);
      const about = { searchName: "SSH brute force", app: "search", owner: "admin" };
      splunk.lost.push({ action: "webhook", sid, ...about, failedAt: new Date(), reason: "" });
    }
    const beginMs = performance.now();
    const after = await start(dir, splunk);
    await settled(after, (counts) => counts.rowsRecovered === missedCount && counts.alertsWaiting === 0);
    const recordedMs = performance.now() - beginMs;
    await settled(after, (counts) => counts.sightingsWaiting === 0);
    const decidedMs = performance.now() - beginMs;
    await after.app.stop();
    print(`Alerts that never came: ${missedCount}, from the start of the program`);
    print(`  all addresses on record  ${told(missedCount, recordedMs)}`);
    print(`  all decided              ${told(missedCount, decidedMs)}`);
  });
}

async function inDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function start(dir: string, splunk: MemorySplunk): Promise<ProviderApp> {
  return startProviderApp({ dir, env: { WEBHOOK_TOKEN: token }, splunk, now: () => new Date() });
}

function sidOf(n: number): string {
  return `scheduler__admin__search__RMD5_at_${1_760_000_400 + n}_12`;
}

function rows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, n) => [
    ["src_ip", [`45.${n >> 16}.${(n >> 8) & 255}.${n & 255}`]],
    ["count", ["5"]],
    ["user", ["root", "admin"]],
    ["_time", ["2025-10-09T09:00:00.000+00:00"]],
  ]);
}

async function deliver({ webhookUrl }: ProviderApp, sid: string): Promise<void> {
  const result = { src_ip: "45.0.0.0", count: "5", user: ["root", "admin"], _time: "1760000400.000" };
  const about = { search_name: "SSH brute force", app: "search", owner: "admin", results_link: null };
  const answer = await fetch(webhookUrl, { method: "POST", body: JSON.stringify({ sid, ...about, result }) });
  if (answer.status !== 202) {
    throw new Error(`the alert was answered with ${answer.status}`);
  }
}

type Counts = Awaited<ReturnType<ProviderApp["store"]["counts"]>>;

async function settled({ store }: ProviderApp, isSo: (counts: Counts) => boolean): Promise<void> {
  await eventually("the end", async () => isSo(await store.counts(new Date())), deadlineMs);
}

function told(count: number, ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s  ${((count * 1000) / ms).toFixed(0).padStart(7)}/s`;
}
