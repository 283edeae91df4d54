import { expect, test } from "vitest";
import { prefixOf } from "../../src/domain/ip-address.ts";
import { eventually } from "../fakes/eventually.ts";
import { ip } from "../fakes/samples.ts";
import { MemorySplunk, splunkError, webhookSearch } from "../fakes/splunk-api.ts";
import { runApp, temporaryDir } from "./run-app.ts";

const sid = "scheduler__admin__search__RMD5_at_1760000400_12";
const address = (n: number): string => `91.0.${n >> 8}.${n & 255}`;
const row = (n: number) =>
  [
    ["src_ip", [address(n)]],
    ["count", ["5"]],
    ["_time", ["2025-10-09T09:00:00.000+00:00"]],
  ] as const;
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));

/** The stock webhook's body, with the first row. */
const delivery = (changes: object = {}): object => ({
  sid,
  search_name: "SSH brute force",
  app: "search",
  owner: "admin",
  results_link: `https://splunk.example.net:8000/app/search/@go?sid=${sid}`,
  result: { src_ip: address(0), count: "5", _time: "1760000400.000000" },
  ...changes,
});

test("an alert of 300 attackers that comes with the first one leads to 300 blocks", async () => {
  const splunk = new MemorySplunk();
  splunk.addRun(sid, rows(300));
  const { post, provider, store, firewall } = await runApp({ splunk, withoutLimits: true });
  for (let n = 0; n < 300; n += 1) {
    provider.known.set(address(n), 8);
  }

  await post(delivery());

  await eventually("300 blocks in the kernel", () => firewall.entries.size === 300, 30_000);
  expect((await store.counts(new Date())).decisions).toEqual({ block: 300 });
  expect(await store.counts(new Date())).toMatchObject({
    alerts: 2,
    rowsRecovered: 299,
    recoveriesWaiting: 0,
  });
});

test("the first row is worked on while Splunk can't be reached", async () => {
  const splunk = new MemorySplunk();
  splunk.failure = splunkError("SPLUNK_UNREACHABLE");
  const { post, provider, store, firewall } = await runApp({ splunk });
  provider.known.set(address(0), 8);

  await post(delivery());

  await eventually("its block in the kernel", () => firewall.entries.has(prefixOf(ip(address(0)))));
  const reason = await eventually("the reason on the alert", async () => {
    const [alert] = (await store.listAlerts({ limit: 1, cursor: null })).items;
    return alert?.recovery?.error;
  });
  expect(reason).toBe(splunkError("SPLUNK_UNREACHABLE").message);
});

test("with requireGenuine a genuine alert blocks, and a forged one asks a person", async () => {
  const splunk = new MemorySplunk();
  splunk.addRun(sid, rows(2));
  const { post, provider, store, firewall, notifier } = await runApp({ splunk, requireGenuine: true });
  for (const n of [0, 1, 7, 8, 9]) {
    provider.known.set(address(n), 8);
  }

  const result = (n: number) => ({ result: { src_ip: address(n), count: "5" } });
  await post(delivery());
  await post(delivery(result(7)));
  await post(delivery({ ...result(8), sid: "scheduler__admin__search__RMD5_at_1760000400_99" }));
  await post(delivery({ ...result(9), sid: null }));

  await eventually(
    "five decisions",
    async () => {
      const { decisions } = await store.counts(new Date());
      return (decisions["block"] ?? 0) + (decisions["hold"] ?? 0) === 5;
    },
    30_000,
  );
  const holds = await store.holds({ limit: 10, cursor: null, now: new Date() });
  const why = (said: string): string => `Splunk has not confirmed the alert: ${said}`;
  expect(Object.fromEntries(holds.items.map(({ decision }) => [decision.ip, decision.reasons[0]]))).toEqual({
    [address(7)]: why("what it says is not among the rows that Splunk has for its sid"),
    [address(8)]: why(splunkError("SPLUNK_UNKNOWN_SID").message),
    [address(9)]: why("it has no sid"),
  });
  expect(holds.items.map(({ decision }) => decision.holdCause)).toEqual(Array(3).fill("unconfirmed"));
  await eventually("two blocks in the kernel", () => firewall.entries.size === 2);
  expect([...firewall.entries.keys()].toSorted()).toEqual([0, 1].map((n) => prefixOf(ip(address(n)))));
  expect(notifier.stories.filter(({ decision }) => decision.action === "hold").length).toBeGreaterThan(0);
});

test("with requireGenuine a block waits for Splunk's answer for a minute, and then for a person", async () => {
  const splunk = new MemorySplunk();
  splunk.addRun(sid, rows(1), { state: "running" });
  const { post, provider, store, advance } = await runApp({ splunk, requireGenuine: true });
  provider.known.set(address(0), 8);

  await post(delivery());
  await eventually("the question", () => splunk.asked.length > 0);
  await eventually("that it waits", async () => {
    const report = await store.addressReport(ip(address(0)), new Date());
    return report.sightings[0]?.error === "waits until Splunk has confirmed its alert";
  });
  const before = await store.counts(new Date());
  advance(61);

  const hold = await eventually("the hold", async () => {
    const page = await store.holds({ limit: 1, cursor: null, now: new Date() });
    return page.items[0];
  });
  expect(before.decisions).toEqual({});
  expect(hold.decision.reasons[0]).toBe(
    "Splunk has not confirmed the alert: Splunk has not answered within 60 s",
  );
});

test("1,000 alerts that never came are processed once each after an outage", {
  timeout: 120_000,
}, async () => {
  const dataDir = temporaryDir();
  const first = await runApp({ dataDir });
  await first.post(delivery({ sid: "1760000000.1" }));
  await first.app.stop();
  const splunk = new MemorySplunk();
  splunk.searches.push(
    webhookSearch(`http://proxy.example.net/hooks/webhooks/splunk/${first.token}`, { firesAbove: null }),
  );
  for (let n = 0; n < 1000; n += 1) {
    const missed = splunk.addRun(`scheduler__admin__search__RMD5_at_1760000400_${n}`, [row(n)]);
    splunk.lost.push({
      action: "webhook",
      sid: missed,
      searchName: "SSH brute force",
      app: "search",
      owner: "nobody",
      failedAt: new Date(),
      reason: "<urlopen error [Errno 111] Connection refused>",
    });
  }

  const second = await runApp({ dataDir, splunk });
  const decided = async (app: typeof second): Promise<number> =>
    (await app.store.counts(new Date())).decisions["watch"] ?? 0;
  // The one that came was about the address of the first one missed.
  await eventually("1,001 decisions", async () => (await decided(second)) === 1001, 100_000);
  await second.app.stop();
  const third = await runApp({ dataDir, splunk });
  await eventually("another look", () => splunk.asked.filter((one) => one.startsWith("lost")).length === 2);

  const counts = await third.store.counts(new Date());
  expect(counts).toMatchObject({ alerts: 1001, recoveriesWaiting: 0, rowsRecovered: 1000 });
  const { items } = await third.store.listAlerts({ limit: 1001, cursor: null });
  expect(items.filter(({ source }) => source === "splunk-recovered")).toHaveLength(1000);
  expect(splunk.asked.filter((one) => one.startsWith("results"))).toHaveLength(1000);
});
