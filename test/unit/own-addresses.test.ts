import { expect, test } from "vitest";
import { createOwnAddresses, type OwnAddressesDeps } from "../../src/decide/own-addresses.ts";
import type { FirewallRecord } from "../../src/ports.ts";
import { ip, prefix } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";

function desk(changes: Partial<OwnAddressesDeps> = {}) {
  return createOwnAddresses({
    interfaces: () => ["192.0.2.1", "fe80::1%eth0"],
    resolvers: () => ["192.0.2.53"],
    hosts: [{ host: "mail.example.net", why: "the mail server" }],
    networks: [{ prefix: prefix("192.0.2.128/25"), why: "a trusted proxy" }],
    lookUp: () => Promise.resolve(["198.51.100.25"]),
    store: { firewalls: () => Promise.resolve([]) },
    log: silentLog,
    ...changes,
  });
}

const firewall: FirewallRecord = {
  name: "edge",
  state: "in-sync",
  error: null,
  checkedAt: new Date(0),
  inSyncAt: null,
  unreachableSince: null,
  drifts: 0,
  lastDrift: null,
  capacity: null,
  ownAddresses: [ip("203.0.113.1")],
};

test("this machine, its name servers, the hosts it needs, proxies and firewalls", async () => {
  const own = desk({ store: { firewalls: () => Promise.resolve([firewall]) } });

  expect(await own.refresh()).toBe(true);

  expect(own.list().map((network) => network.prefix)).toEqual([
    "192.0.2.128/25",
    "192.0.2.1/32",
    "192.0.2.53/32",
    "198.51.100.25/32",
    "203.0.113.1/32",
  ]);
  expect(own.list().map(({ why }) => why)).toContain("the mail server (mail.example.net)");
});

test("a host that can't be resolved any more keeps its addresses, and is told", async () => {
  let isBroken = false;
  const own = desk({
    lookUp: () => (isBroken ? Promise.reject(new Error("ESERVFAIL")) : Promise.resolve(["198.51.100.25"])),
  });
  await own.refresh();
  isBroken = true;

  expect(await own.refresh()).toBe(false);

  expect(own.list().map((network) => network.prefix)).toContain("198.51.100.25/32");
});

test("firewalls that can't be read now keep the addresses they told", async () => {
  let isBroken = false;
  const own = desk({
    store: {
      firewalls: () => (isBroken ? Promise.reject(new Error("disk")) : Promise.resolve([firewall])),
    },
  });
  await own.refresh();
  isBroken = true;

  await own.refreshFirewalls();

  expect(own.list().map((network) => network.prefix)).toContain("203.0.113.1/32");
});
