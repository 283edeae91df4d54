import { expect, test } from "vitest";
import { type CdnRangesDeps, createCdnRanges } from "../../src/decide/cdn-ranges.ts";
import { cloudflareRanges } from "../../src/decide/vendored/cloudflare.ts";
import { fastlyRanges } from "../../src/decide/vendored/fastly.ts";
import { familyOf } from "../../src/domain/ip-address.ts";
import type { PrefixListRecord } from "../../src/ports.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { prefix, t0 } from "../fakes/samples.ts";

const twenty = Array.from({ length: 20 }, (_value, n) => `9.${n}.0.0/16`);
const twentyOfIpv6 = Array.from({ length: 20 }, (_value, n) => `2a00:${n + 1}::/32`);

function downloaded(networks: readonly string[], changes: Partial<PrefixListRecord> = {}): PrefixListRecord {
  return {
    name: "cloudflare",
    etag: null,
    version: "",
    networks: networks.map((network) => ({ prefix: prefix(network), note: "Cloudflare" })),
    fetchedAt: t0,
    checkedAt: t0,
    ...changes,
  };
}

function desk(lists: readonly PrefixListRecord[] = [], changes: Partial<CdnRangesDeps> = {}) {
  const log = keptLog();
  const world = { lists, isBroken: false, reads: 0 };
  const prefixLists = (): Promise<readonly PrefixListRecord[]> => {
    world.reads += 1;
    return world.isBroken ? Promise.reject(new Error("disk")) : Promise.resolve(world.lists);
  };
  const ranges = createCdnRanges({ names: ["cloudflare"], store: { prefixLists }, log, ...changes });
  return { log, world, ranges, networks: () => ranges.list().map((network) => network.prefix) };
}

test.each([
  [cloudflareRanges, 15, 7],
  [fastlyRanges, 19, 2],
])("the copy of $name is whole", ({ networks, asOf }, ipv4, ipv6) => {
  const parsed = networks.map(prefix);

  expect(parsed.filter((network) => familyOf(network) === 4)).toHaveLength(ipv4);
  expect(parsed.filter((network) => familyOf(network) === 6)).toHaveLength(ipv6);
  expect(new Set(parsed).size).toBe(ipv4 + ipv6);
  expect(asOf.getTime()).toBeLessThan(t0.getTime());
});

test("those that came with this version count before anything is read, of the named CDNs alone", async () => {
  const { ranges, networks } = desk([], { names: ["fastly"] });

  expect(networks()).toEqual(fastlyRanges.networks);
  expect(ranges.list()[0]?.why).toBe("an address range of Fastly, behind which you said you are");
  await ranges.refresh();
  expect(networks()).toEqual(fastlyRanges.networks);
});

test("nobody behind a CDN: nothing is protected for its sake, and nothing read", async () => {
  const { ranges, world } = desk([downloaded(twenty)], { names: [] });

  await ranges.refresh();

  expect(ranges.list()).toEqual([]);
  expect(world.reads).toBe(0);
});

test("a newer list takes their place", async () => {
  const { ranges, networks } = desk([downloaded([...twenty, ...twentyOfIpv6])]);

  await ranges.refresh();

  expect(networks()).toEqual([...twenty, ...twentyOfIpv6]);
  expect(ranges.list()[0]?.why).toBe("an address range of Cloudflare, behind which you said you are");
});

test.each([
  ["an older one", downloaded([...twenty, ...twentyOfIpv6], { checkedAt: new Date("2024-11-03") })],
  ["an empty one", downloaded([])],
  ["one of less than half as many", downloaded([...twenty.slice(0, 7), ...twentyOfIpv6])],
  ["one without IPv6", downloaded(twenty)],
  ["one with all addresses", downloaded([...twenty, ...twentyOfIpv6, "0.0.0.0/0"])],
  ["another's", downloaded([...twenty, ...twentyOfIpv6], { name: "spamhaus-drop-v4" })],
])("%s does not", async (_what, list) => {
  const { ranges, networks } = desk([list]);

  await ranges.refresh();

  expect(networks()).toEqual(cloudflareRanges.networks);
});

test("a list that can't be believed is told once, not each time", async () => {
  const { ranges, log } = desk([downloaded(["0.0.0.0/0"])]);

  await ranges.refresh();
  await ranges.refresh();

  expect(log.lines).toEqual([expect.stringMatching(/^warn: .*hold 0\.0\.0\.0\/0, which is too wide/)]);
});

test("when told not to, downloads are not looked at", async () => {
  const { ranges, networks } = desk([downloaded([...twenty, ...twentyOfIpv6])], { usesDownloads: false });

  await ranges.refresh();

  expect(networks()).toEqual(cloudflareRanges.networks);
});

test("a store that can't be read takes nothing away, and is told", async () => {
  const { ranges, world, networks, log } = desk([downloaded([...twenty, ...twentyOfIpv6])]);
  await ranges.refresh();
  world.isBroken = true;

  await ranges.refresh();

  expect(networks()).toEqual([...twenty, ...twentyOfIpv6]);
  expect(log.lines.at(-1)).toMatch(/^warn: .*can't be read now.*disk/);
});

test("the list is the same object until something changes", async () => {
  const { ranges, world } = desk([downloaded([...twenty, ...twentyOfIpv6])]);
  await ranges.refresh();
  const before = ranges.list();

  world.lists = [downloaded([...twenty, ...twentyOfIpv6], { checkedAt: new Date("2026-12-01") })];
  await ranges.refresh();
  expect(ranges.list()).toBe(before);

  world.lists = [downloaded([...twenty, ...twentyOfIpv6, "9.200.0.0/16"])];
  await ranges.refresh();
  expect(ranges.list()).not.toBe(before);
  expect(ranges.list()).toHaveLength(41);
});
