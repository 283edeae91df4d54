import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Firewall, FirewallAddition } from "../../src/ports.ts";
import { ip, prefix } from "../fakes/samples.ts";
import { startSshFirewall } from "../fakes/ssh-firewall.ts";
import {
  add,
  firewallOn,
  loginOf,
  many,
  networksOn,
  outcomesOf,
  remove,
  running,
  wipe,
} from "../system/firewall-desk.ts";
import { skipSystemTests, startFirewallHost } from "../system/namespaces.ts";
import type { FirewallHostOptions } from "../system/sshd-files.ts";

interface Subject {
  open(): Firewall;
  /** Takes everything away as a reboot would. */
  wipe(): Promise<void>;
  stop(): Promise<void>;
}

async function startKernel(options: FirewallHostOptions): Promise<Subject> {
  const host = await startFirewallHost(options);
  return {
    open: () => firewallOn(host, {}, { neverBlock: () => [prefix("198.51.100.0/24")] }),
    wipe: () => wipe(host),
    stop: () => host.stop(),
  };
}

async function startStandIn(): Promise<Subject> {
  const host = await startSshFirewall({ ownAddresses: [ip("203.0.113.1")] });
  return {
    open: () =>
      firewallOn(loginOf(host), { password: "secret" }, { neverBlock: () => [prefix("198.51.100.0/24")] }),
    wipe() {
      host.forget();
      host.misbehave.faults = ["the drop rules are missing"];
      return Promise.resolve();
    },
    stop: () => host.stop(),
  };
}

function addition(network: string): FirewallAddition {
  return { kind: "add", prefix: prefix(network), seconds: 600 };
}

const cannot = skipSystemTests();
const subjects = [
  { name: "a kernel with ipset", start: () => startKernel({}), cannot },
  { name: "a kernel without ipset", start: () => startKernel({ without: ["/usr/sbin/ipset"] }), cannot },
  {
    name: "a kernel with iptables alone",
    start: () => startKernel({ without: ["/usr/sbin/ipset", "/usr/sbin/nft"] }),
    cannot,
  },
  { name: "the stand-in", start: startStandIn, cannot: null },
];

describe.each(subjects)("a firewall over SSH: $name", ({ start, cannot }) => {
  describe.skipIf(cannot !== null)(cannot === null ? "runs" : `skipped: this machine ${cannot}`, () => {
    let subject: Subject;
    let firewall: Firewall;

    beforeAll(async () => {
      subject = await start();
    });
    beforeEach(async () => {
      await subject.wipe();
      firewall = subject.open();
    });
    afterEach(() => firewall.close());
    afterAll(() => subject.stop());

    test("adds IPv4 and IPv6 networks and reads them back", async () => {
      const changes = ["203.0.113.5/32", "192.0.2.128/25", "2001:db8::5/128", "2001:db8:5::/48"].map(
        (network) => add(network),
      );

      expect(await outcomesOf(firewall, changes)).toEqual(Array.from(changes, () => "verified"));
      const state = await firewall.read(running);

      expect([...state.entries.keys()].sort()).toEqual(changes.map((change) => change.prefix).sort());
      for (const seconds of state.entries.values()) {
        expect(seconds).toBeGreaterThan(590);
        expect(seconds).toBeLessThanOrEqual(601);
      }
    });

    test("reads faults before the drop rules are in place, and none afterwards", async () => {
      const before = await firewall.read(running);
      const { results, repaired } = await firewall.apply([], running);
      const after = await firewall.read(running);

      expect(before.faults).not.toEqual([]);
      expect(results).toEqual([]);
      expect(repaired).not.toEqual([]);
      expect(after.faults).toEqual([]);
    });

    test("says only once that something had to be put in place", async () => {
      await firewall.apply([add("203.0.113.5/32")], running);

      const { repaired } = await firewall.apply([add("203.0.113.6/32")], running);

      expect(repaired).toEqual([]);
    });

    test("doing it twice leaves the same state", async () => {
      const changes = [add("203.0.113.5/32"), remove("203.0.113.6/32")];
      await firewall.apply(changes, running);

      expect(await outcomesOf(firewall, changes)).toEqual(["verified", "verified"]);
      expect(await networksOn(firewall)).toEqual(["203.0.113.5/32"]);
    });

    test("a second add puts the end off", async () => {
      await firewall.apply([add("203.0.113.5/32", 60)], running);
      await firewall.apply([add("203.0.113.5/32", 6000)], running);

      const { entries } = await firewall.read(running);

      expect(entries.get(prefix("203.0.113.5/32"))).toBeGreaterThan(5900);
    });

    test("removes exactly what it is told to", async () => {
      await firewall.apply([add("192.0.2.128/25"), add("192.0.2.129/32"), add("2001:db8::5/128")], running);

      expect(await outcomesOf(firewall, [remove("192.0.2.129/32"), remove("2001:db8::5/128")])).toEqual([
        "verified",
        "verified",
      ]);
      expect(await networksOn(firewall)).toEqual(["192.0.2.128/25"]);
    });

    test("refuses its own address, what contains it, and what must never be blocked, and adds the rest", async () => {
      const outcomes = await outcomesOf(firewall, [
        add("203.0.113.1/32"),
        add("203.0.113.0/24"),
        add("198.51.100.9/32"),
        add("203.0.113.5/32"),
      ]);

      expect(outcomes).toEqual([
        expect.stringContaining("refused"),
        expect.stringContaining("refused"),
        expect.stringContaining("refused"),
        "verified",
      ]);
      expect(await networksOn(firewall)).toEqual(["203.0.113.5/32"]);
    });

    test("tells its own addresses", async () => {
      const { ownAddresses } = await firewall.read(running);

      expect(ownAddresses).toContain("203.0.113.1");
    });

    test("makes a thousand changes at once, each with its result", async () => {
      const changes = [...many(1500), add("203.0.113.1/32")];

      const outcomes = await outcomesOf(firewall, changes);

      expect(outcomes.slice(0, -1).every((outcome) => outcome === "verified")).toBe(true);
      expect(outcomes.at(-1)).toContain("refused");
      expect(await networksOn(firewall)).toHaveLength(1500);
    });

    test("puts everything in place again after it was wiped", async () => {
      await firewall.apply([add("203.0.113.5/32")], running);
      await subject.wipe();

      const state = await firewall.read(running);
      const { results, repaired } = await firewall.apply([add("203.0.113.5/32")], running);

      expect(state.entries.size).toBe(0);
      expect(state.faults).not.toEqual([]);
      expect(results).toMatchObject([{ outcome: "verified" }]);
      expect(repaired).not.toEqual([]);
    });

    test("a rebuild leaves these and nothing else, and refuses what must never be blocked", async () => {
      await firewall.apply([add("203.0.113.5/32"), add("2001:db8::5/128"), add("192.0.2.0/25")], running);

      const { results } = await firewall.rebuild(
        ["203.0.113.5/32", "203.0.113.1/32", "192.0.2.0/26", "2001:db8:7::/64"].map(addition),
        running,
      );
      const state = await firewall.read(running);

      expect(results.map(({ outcome }) => outcome)).toEqual(["verified", "refused", "verified", "verified"]);
      expect([...state.entries.keys()].sort()).toEqual(["192.0.2.0/26", "2001:db8:7::/64", "203.0.113.5/32"]);
      expect(state.faults).toEqual([]);
    });

    test("a block without end has none, until it gets one", async () => {
      const five = prefix("203.0.113.5/32");

      await firewall.apply([add(five, Number.POSITIVE_INFINITY)], running);
      expect((await firewall.read(running)).entries.get(five)).toBe(Number.POSITIVE_INFINITY);

      expect(await outcomesOf(firewall, [add(five, 60)])).toEqual(["verified"]);
      expect((await firewall.read(running)).entries.get(five)).toBeLessThanOrEqual(61);
    });

    test("is up", async () => {
      expect(await firewall.checkUp(running)).toBeNull();
    });

    test("works again after it was closed, and closing twice does no harm", async () => {
      await firewall.apply([add("203.0.113.5/32")], running);
      await firewall.close();
      await firewall.close();

      expect(await networksOn(firewall)).toEqual(["203.0.113.5/32"]);
    });
  });
});
