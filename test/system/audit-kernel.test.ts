import { array, assert, asyncProperty, constantFrom, record, tuple } from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { worstFate } from "../../src/audit/check.ts";
import { readHost } from "../../src/audit/read-host.ts";
import { sectionsOf } from "./audit-desk.ts";

import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const skipped = skipSystemTests();

/** Where `net-agent.ts` answers. */
const echoPort = 7777;

/** Conditions that a packet from 203.0.113.10 to the echo port at `wan` meets or not. */
const condition = constantFrom(
  "",
  "-p udp",
  "-p tcp",
  "! -p tcp",
  `-p udp --dport ${echoPort}`,
  `-p udp ! --dport ${echoPort}`,
  `-p udp -m multiport --dports 1:100,${echoPort - 5}:${echoPort + 5}`,
  "-s 198.51.100.0/24",
  "! -s 198.51.100.0/24",
  "-d 203.0.113.1/32",
  "! -d 203.0.113.0/24",
  "-i wan",
  "-i wa+",
  "! -i wan",
  "-i lo",
  "-m conntrack --ctstate NEW",
  "-m conntrack --ctstate ESTABLISHED,RELATED",
  "-m conntrack ! --ctstate INVALID",
  "-m addrtype --dst-type LOCAL",
  "-m addrtype --dst-type BROADCAST",
  "-m limit --limit 1000/sec --limit-burst 1000",
  "-m pkttype --pkt-type broadcast",
  "-m mark --mark 0x7",
);
const target = constantFrom(
  "-j ACCEPT",
  "-j DROP",
  "-j REJECT",
  "-j RETURN",
  "-j A",
  "-j B",
  "-g B",
  "-j LOG",
  "-j MARK --set-mark 0x1",
);
const rule = tuple(condition, target).map((words) => words.join(" ").trim());
const lastRule = tuple(condition, constantFrom("-j ACCEPT", "-j DROP", "-j RETURN")).map((words) =>
  words.join(" ").trim(),
);
const ruleSet = record({
  policy: constantFrom("ACCEPT", "DROP"),
  input: array(rule, { maxLength: 4 }),
  a: array(
    tuple(condition, constantFrom("-j ACCEPT", "-j DROP", "-j RETURN", "-j B", "-g B")).map((words) =>
      words.join(" ").trim(),
    ),
    { maxLength: 3 },
  ),
  b: array(lastRule, { maxLength: 3 }),
});

describe.skipIf(skipped !== null)("what the audit says of a packet is what the kernel does with it", () => {
  let host: FirewallHost;

  beforeAll(async () => {
    host = await startFirewallHost();
  });

  afterAll(async () => {
    await host.stop();
  });

  test.each(["iptables", "nft"])(
    "read through %s",
    async (through) => {
      const told = new Map<string, number>();
      await assert(
        asyncProperty(ruleSet, async ({ policy, input, a, b }) => {
          const lines = [
            "*filter",
            `:INPUT ${policy} [0:0]`,
            ":A - [0:0]",
            ":B - [0:0]",
            ...input.map((rule) => `-A INPUT ${rule}`),
            ...a.map((rule) => `-A A ${rule}`),
            ...b.map((rule) => `-A B ${rule}`),
            "COMMIT",
            "",
          ].join("\n");
          const { stderr } = await host.exec("sh", "-c", `printf '%s' "$1" | iptables-restore`, "sh", lines);
          expect(stderr).toBe("");
          const sections = await sectionsOf(host, { hasIptables: through === "iptables" });
          const audited = readHost(sections, { sshPort: 22, isEnforcing: false });
          const { verdict } = worstFate(audited, 4, { protocol: "udp", port: echoPort });
          told.set(verdict, (told.get(verdict) ?? 0) + 1);

          // On a busy machine an answer may be late; one that is dropped never comes.
          const isAnswered = (await host.attacker.ping()) || (await host.attacker.ping());

          // A rule that is not understood makes the audit unsure, never wrong.
          expect([lines, verdict === "unsure" ? isAnswered : verdict === "accept"]).toEqual([
            lines,
            isAnswered,
          ]);
        }),
        { numRuns: 25, endOnFailure: true },
      );
      expect(Math.min(told.get("accept") ?? 0, told.get("drop") ?? 0)).toBeGreaterThan(3);
    },
    120_000,
  );
});
