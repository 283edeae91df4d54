import { expect, test } from "vitest";
import { createOwnAddresses, type OwnAddressesDeps } from "../../src/decide/own-addresses.ts";
import type { FirewallRecord } from "../../src/ports.ts";
import { keptLog } from "../fakes/kept-log.ts";
import { ip, prefix } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";

function desk(changes: Partial<OwnAddressesDeps> = {}) {
  return createOwnAddresses({
    interfaces: () => ["192.0.2.1", "fe80::1%eth0"],
    resolvers: () => ["192.0.2.53"],
    gateways: () => ["192.0.2.254"],
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

test("this machine, its name servers and gateways, the hosts it needs, proxies and firewalls", async () => {
  const own = desk({ store: { firewalls: () => Promise.resolve([firewall]) } });

  expect(await own.refresh()).toBe(true);

  expect(own.list().map((network) => network.prefix)).toEqual([
    "192.0.2.128/25",
    "192.0.2.1/32",
    "192.0.2.53/32",
    "192.0.2.254/32",
    "198.51.100.25/32",
    "203.0.113.1/32",
  ]);
  expect(own.list().map(({ why }) => why)).toContain("the mail server (mail.example.net)");
});

test("a host that can't be resolved any more keeps its addresses, and is told", async () => {
  let isBroken = false;
  const warnings: object[] = [];
  const own = desk({
    log: { ...silentLog, warn: (fields) => warnings.push(fields) },
    lookUp: () => (isBroken ? Promise.reject(new Error("ESERVFAIL")) : Promise.resolve(["198.51.100.25"])),
  });
  await own.refresh();
  isBroken = true;

  expect(await own.refresh()).toBe(false);
  expect(await own.refresh()).toBe(false);

  expect(own.list().map((network) => network.prefix)).toContain("198.51.100.25/32");
  expect(warnings).toEqual([expect.objectContaining({ host: "mail.example.net", error: "ESERVFAIL" })]);
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

test("the list is the same object until something changes, whatever the order of a name server's answers", async () => {
  let addresses = ["198.51.100.25", "198.51.100.26"];
  let firewalls = [firewall];
  const own = desk({
    lookUp: () => Promise.resolve(addresses),
    store: { firewalls: () => Promise.resolve(firewalls) },
  });
  await own.refresh();
  const before = own.list();

  addresses = addresses.toReversed();
  await own.refresh();
  await own.refreshFirewalls();
  expect(own.list()).toBe(before);

  firewalls = [{ ...firewall, ownAddresses: [ip("203.0.113.2")] }];
  await own.refreshFirewalls();
  expect(own.list()).not.toBe(before);
  expect(own.list().map((network) => network.prefix)).toContain("203.0.113.2/32");
});

test("the settings' own networks are protected before anything is read", () => {
  expect(
    desk()
      .list()
      .map((network) => network.prefix),
  ).toEqual(["192.0.2.128/25"]);
});

test("a host without an address now keeps those it had", async () => {
  let addresses = ["198.51.100.25"];
  const own = desk({ lookUp: () => Promise.resolve(addresses) });
  await own.refresh();
  addresses = [];

  expect(await own.refresh()).toBe(false);

  expect(own.list().map((network) => network.prefix)).toContain("198.51.100.25/32");
});

test.each(["interfaces", "resolvers", "gateways"] as const)(
  "%s that can't be read keep those that are known, and are told",
  async (part) => {
    const log = keptLog();
    let isBroken = false;
    const read = () => {
      if (isBroken) {
        throw new Error("EPERM");
      }
      return ["9.8.7.6"];
    };
    const own = desk({ [part]: read, log });
    await own.refresh();
    isBroken = true;

    expect(await own.refresh()).toBe(false);

    expect(own.list().map((network) => network.prefix)).toContain("9.8.7.6/32");
    expect(log.lines).toEqual([expect.stringMatching(new RegExp(`^warn: ${part} of this machine.*EPERM`))]);
  },
);

test("a host whose name servers take turns keeps the addresses that they told before", async () => {
  const answers = [["198.51.100.25"], ["198.51.100.26"]];
  const own = desk({ lookUp: () => Promise.resolve(answers.shift() ?? ["198.51.100.27"]) });
  await own.refresh();
  await own.refresh();
  await own.refresh();

  const prefixes = own.list().map((network) => network.prefix);
  expect(prefixes).toEqual(
    expect.arrayContaining([
      prefix("198.51.100.25/32"),
      prefix("198.51.100.26/32"),
      prefix("198.51.100.27/32"),
    ]),
  );
});
