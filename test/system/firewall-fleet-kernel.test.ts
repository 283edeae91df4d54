import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FirewallConfig } from "../../src/config/config.ts";
import { createScriptLink } from "../../src/enforce/iptables-ssh/script-link.ts";
import type { FirewallAddition } from "../../src/ports.ts";
import { prefix } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { add, configOf, firewallOn, many, networksOn, outcomesOf, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { closing } from "./stand-in-desk.ts";

const cannot = skipSystemTests();
const attacker = "203.0.113.10";

function additions(...networks: readonly string[]): readonly FirewallAddition[] {
  return networks.map((network) => ({ kind: "add", prefix: prefix(network), seconds: 600 }));
}

describe.skipIf(cannot !== null)(
  `a firewall of a fleet, on a real kernel${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    afterAll(() => host.stop());

    const open = (changes: Partial<FirewallConfig> = {}) => closing(firewallOn(host, changes));

    test("a rebuild leaves these and nothing else, and what stays is dropped all the time", async () => {
      const firewall = open();
      await firewall.apply([add(`${attacker}/32`), ...many(3000)], running);
      expect(await host.attacker.ping(attacker)).toBe(false);
      let passed = false;
      const watching = (async () => {
        for (let n = 0; n < 10; n += 1) {
          passed ||= await host.attacker.ping(attacker);
        }
      })();

      const { results } = await firewall.rebuild(
        [...additions(`${attacker}/32`, "203.0.113.77/32", "203.0.113.1/32", "2001:db8:9::/64")],
        running,
      );

      await watching;
      expect(passed).toBe(false);
      expect(results.map(({ outcome }) => outcome)).toEqual(["verified", "verified", "refused", "verified"]);
      expect(await networksOn(firewall)).toEqual(["2001:db8:9::/64", "203.0.113.10/32", "203.0.113.77/32"]);
    });

    test("what was dropped is counted and read", async () => {
      const firewall = open();
      await firewall.apply([add(`${attacker}/32`)], running);
      await host.attacker.ping(attacker);

      const { drops, capacity } = await firewall.read(running);

      const counted = drops.get(prefix(`${attacker}/32`));
      expect(counted?.packets).toBeGreaterThan(0);
      expect(counted?.bytes).toBeGreaterThan(counted?.packets ?? 0);
      expect(capacity?.used).toBeGreaterThan(0);
      expect(capacity?.most).toBeGreaterThan(100_000);
    });

    test("a block without end has none in the kernel", async () => {
      const firewall = open();

      expect(await outcomesOf(firewall, [add("203.0.113.78/32", Number.POSITIVE_INFINITY)])).toEqual([
        "verified",
      ]);

      const { entries } = await firewall.read(running);
      expect(entries.get(prefix("203.0.113.78/32"))).toBe(Number.POSITIVE_INFINITY);
    });

    test("packets to a blocked network are dropped when the settings say so, and no longer when they do not", async () => {
      const rules = async () => (await host.exec("iptables", "-t", "raw", "-S")).stdout;
      await outcomesOf(open({ blocksOutbound: true }), [add(`${attacker}/32`)]);

      expect(await rules()).toMatch(/^-A OUTPUT -j PORTCULLIS$/m);
      expect(await rules()).toMatch(/^-A PORTCULLIS .* dst -j DROP$/m);

      const firewall = open();
      expect((await firewall.read(running)).faults).not.toEqual([]);
      await firewall.apply([], running);
      expect(await rules()).not.toMatch(/ dst -j DROP|-A OUTPUT/);
      expect((await firewall.read(running)).faults).toEqual([]);
    });

    test("is up while its gateway answers, and not when it is gone", async () => {
      const firewall = open();

      expect(await firewall.checkUp(running)).toBeNull();

      await host.exec("ip", "route", "replace", "default", "via", "203.0.113.250");
      onTestFinished(async () => {
        await host.exec("ip", "route", "replace", "default", "via", host.own.gateway);
      });
      expect(await firewall.checkUp(running)).toBe("its default gateway 203.0.113.250 does not answer");
    });

    test("the link tells the backend, and answers any request", async () => {
      const link = createScriptLink({ config: configOf(host), log: silentLog, neverBlock: () => [] });
      onTestFinished(() => {
        link.close();
      });

      expect(link.backend()).toBeNull();
      const answer = await link.ask({ lines: ["inspect"], isLarge: false }, running);
      // Both ends of the SSH connection: the audit keeps the way in open that is used.
      expect(answer.find((line) => line.startsWith("text connection "))).toMatch(
        new RegExp(`^text connection \\S+ \\d+ ${host.sshHost} ${host.sshPort}$`),
      );

      expect(link.backend()).toBe("sets");
      expect(answer).toContainEqual(expect.stringMatching(/^text uname /));
    });
  },
);
