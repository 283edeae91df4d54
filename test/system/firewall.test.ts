import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Firewall } from "../../src/ports.ts";
import { eventually } from "../fakes/eventually.ts";
import { add, firewallOn, outcomesOf, remove, running, wipe } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();
const jump = "-A PREROUTING -j PORTCULLIS";

describe.skipIf(cannot !== null)(
  `packets at a firewall${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let firewall: Firewall;

    const rawRules = async (tool = "iptables") => {
      const { stdout } = await host.exec(tool, "-t", "raw", "-S");
      return stdout.split("\n").filter((line) => line.startsWith("-A"));
    };

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(async () => {
      await wipe(host);
      firewall = firewallOn(host);
      await firewall.apply([], running);
    });
    afterEach(() => firewall.close());
    afterAll(() => host.stop());

    test.each([
      { family: "IPv4", blocked: "203.0.113.10", other: "203.0.113.11", length: 32 },
      { family: "IPv6", blocked: "2001:db8:0:1::10", other: "2001:db8:0:1::11", length: 128 },
    ])(
      "$family packets stop, others' do not, and the kernel itself ends it",
      async ({ blocked, other, length }) => {
        const { attacker } = host;
        expect(await attacker.ping(blocked)).toBe(true);

        expect(await outcomesOf(firewall, [add(`${blocked}/${length}`, 3)])).toEqual(["verified"]);
        const start = performance.now();

        expect(await attacker.ping(blocked)).toBe(false);
        expect(await attacker.ping(other)).toBe(true);
        await firewall.close();
        await eventually("an answer", () => attacker.ping(blocked));
        expect(performance.now() - start).toBeGreaterThan(1500);
      },
    );

    test("an open TCP session is cut, and goes on when the block is lifted", async () => {
      const session = await host.attacker.open();
      expect(await session?.say()).toBe(true);

      await firewall.apply([add("203.0.113.10/32")], running);

      expect(await session?.say()).toBe(false);
      await firewall.apply([remove("203.0.113.10/32")], running);
      await eventually("an answer", () => session?.say());
    });

    test("a blocked network stops all its addresses", async () => {
      await firewall.apply([add("203.0.113.8/29")], running);

      expect(await host.attacker.ping("203.0.113.10")).toBe(false);
      expect(await host.attacker.ping("203.0.113.12")).toBe(false);
      expect(await host.attacker.ping("203.0.113.254")).toBe(true);
    });

    test("an accept that somebody put first is moved behind the jump", async () => {
      await firewall.apply([add("203.0.113.10/32")], running);
      await host.exec(
        "iptables",
        "-t",
        "raw",
        "-I",
        "PREROUTING",
        "1",
        "-s",
        "203.0.113.0/24",
        "-j",
        "ACCEPT",
      );
      expect(await host.attacker.ping()).toBe(true);

      const { faults } = await firewall.read(running);
      const { repaired } = await firewall.apply([], running);

      expect(faults).toEqual(["IPv4: the jump from PREROUTING to PORTCULLIS is not the first rule"]);
      expect(repaired).toEqual(faults);
      expect(await host.attacker.ping()).toBe(false);
      expect(await rawRules()).toEqual([
        jump,
        "-A PREROUTING -s 203.0.113.0/24 -j ACCEPT",
        "-A PORTCULLIS -m set --match-set portcullis4 src -j DROP",
      ]);
    });

    test.each([
      ["a second jump", ["iptables", "-t", "raw", "-A", "PREROUTING", "-j", "PORTCULLIS"]],
      ["a rule in our chain", ["iptables", "-t", "raw", "-I", "PORTCULLIS", "1", "-j", "ACCEPT"]],
      ["an empty chain", ["iptables", "-t", "raw", "-F", "PORTCULLIS"]],
      ["a missing jump", ["iptables", "-t", "raw", "-F", "PREROUTING"]],
      ["a missing IPv6 jump", ["ip6tables", "-t", "raw", "-F", "PREROUTING"]],
    ])("%s is found and put right", async (_what, command) => {
      await firewall.apply([add("203.0.113.10/32")], running);
      const [family, tool] = command[0] === "iptables" ? [4, "iptables"] : [6, "ip6tables"];
      await host.exec(...command);

      const before = await firewall.read(running);
      await firewall.apply([], running);

      expect(before.faults).toHaveLength(1);
      expect((await firewall.read(running)).faults).toEqual([]);
      expect(await rawRules(tool)).toEqual([
        jump,
        `-A PORTCULLIS -m set --match-set portcullis${family} src -j DROP`,
      ]);
    });

    test("a set with other parameters is exchanged", async () => {
      await host.exec("iptables", "-t", "raw", "-F");
      await host.exec("ipset", "destroy", "portcullis4");
      await host.exec("ipset", "create", "portcullis4", "hash:net", "timeout", "5");

      expect(await outcomesOf(firewall, [add("203.0.113.10/32")])).toEqual(["verified"]);
      expect((await firewall.read(running)).faults).toEqual([]);
    });

    test("a set of another kind is left alone, with the reason", async () => {
      await host.exec("iptables", "-t", "raw", "-F");
      await host.exec("ipset", "destroy", "portcullis4");
      await host.exec("ipset", "create", "portcullis4", "hash:net", "family", "inet6");

      const [outcome] = await outcomesOf(firewall, [add("203.0.113.10/32")]);

      expect(outcome).toMatch(/^failed: /);
      await expect(firewall.apply([], running)).rejects.toThrow("set portcullis4 has other parameters");
    });

    test("foreign rules and chains are not touched", async () => {
      const rules = [
        ["iptables", "-t", "raw", "-A", "PREROUTING", "-s", "198.51.100.9/32", "-j", "DROP"],
        ["iptables", "-t", "raw", "-N", "OTHER"],
        ["iptables", "-t", "raw", "-A", "OTHER", "-j", "RETURN"],
        ["iptables", "-A", "INPUT", "-s", "198.51.100.8/32", "-j", "DROP"],
        ["iptables", "-P", "FORWARD", "DROP"],
        ["ipset", "create", "other", "hash:ip"],
      ];
      for (const rule of rules) {
        await host.exec(...rule);
      }
      const filter = await host.exec("iptables", "-S");

      await firewall.apply([add("203.0.113.10/32")], running);
      await host.exec("iptables", "-t", "raw", "-D", "PREROUTING", "-j", "PORTCULLIS");
      await firewall.apply([], running);

      expect(await rawRules()).toEqual([
        jump,
        "-A PREROUTING -s 198.51.100.9/32 -j DROP",
        "-A OTHER -j RETURN",
        "-A PORTCULLIS -m set --match-set portcullis4 src -j DROP",
      ]);
      expect(await host.exec("iptables", "-S")).toEqual(filter);
      expect((await host.exec("ipset", "list", "-n")).stdout).toContain("other");
    });

    test("twenty at once leave one jump and all their blocks", async () => {
      const firewalls = Array.from({ length: 20 }, () => firewallOn(host));

      const outcomes = await Promise.all(
        firewalls.map((one, n) =>
          outcomesOf(one, [add(`192.0.2.${n + 1}/32`), add(`2001:db8:7::${n + 1}/128`)]),
        ),
      );

      await Promise.all(firewalls.map((one) => one.close()));
      expect(new Set(outcomes.flat())).toEqual(new Set(["verified"]));
      expect((await rawRules()).filter((rule) => rule === jump)).toHaveLength(1);
      expect((await rawRules("ip6tables")).filter((rule) => rule === jump)).toHaveLength(1);
      expect((await firewall.read(running)).entries.size).toBe(40);
    });

    test("in the steady state nothing is written", async () => {
      await firewall.apply([add("203.0.113.10/32")], running);
      // A rule that is written anew counts from zero again.
      expect(await host.attacker.ping()).toBe(false);
      const counters = await host.exec("sh", "-c", "iptables-save -c -t raw | grep match-set");
      expect(counters.stdout).toMatch(/^\[1:\d+\] -A PORTCULLIS/);

      await firewall.apply([add("203.0.113.11/32")], running);
      await firewall.apply([], running);
      await firewall.read(running);

      expect(await host.exec("sh", "-c", "iptables-save -c -t raw | grep match-set")).toEqual(counters);
    });
  },
);
