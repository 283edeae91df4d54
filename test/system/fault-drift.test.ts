import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();

/** What somebody does to the host, and what is found of it. */
const faults: readonly (readonly [what: string, harm: string])[] = [
  ["the raw tables are flushed", "iptables -t raw -F; ip6tables -t raw -F"],
  ["the chains are deleted", "for t in iptables ip6tables; do $t -t raw -F; $t -t raw -X; done"],
  [
    "every table is flushed",
    "for t in iptables ip6tables; do for n in raw mangle nat filter; do $t -t $n -F; $t -t $n -X; done; done",
  ],
  ["nft flush ruleset has taken every table", "nft flush ruleset"],
  ["the jumps are deleted", "for t in iptables ip6tables; do $t -t raw -D PREROUTING -j PORTCULLIS; done"],
  ["the drop rules are deleted", "for t in iptables ip6tables; do $t -t raw -F PORTCULLIS; done"],
  ["a rule is put ahead of the drop", "iptables -t raw -I PORTCULLIS -s 203.0.113.10 -j RETURN"],
  ["a rule is put behind the drop", "ip6tables -t raw -A PORTCULLIS -s 2001:db8:77::1 -j DROP"],
  ["the jump is there three times", "for n in 1 2; do iptables -t raw -A PREROUTING -j PORTCULLIS; done"],
  [
    "another jump is inserted ahead",
    "iptables -t raw -N OTHER; iptables -t raw -A OTHER -j ACCEPT; iptables -t raw -I PREROUTING -j OTHER",
  ],
  ["everything is accepted ahead", "ip6tables -t raw -I PREROUTING -j ACCEPT"],
  ["the sets are emptied", "ipset flush"],
  ["the sets are deleted", "iptables -t raw -F; ip6tables -t raw -F; ipset destroy"],
  [
    "the sets are renamed",
    "iptables -t raw -F; ip6tables -t raw -F; for s in 4 6; do ipset rename portcullis$s gone$s; done",
  ],
  [
    "the set is another one, and full",
    "ipset create small hash:net maxelem 2; ipset add small 192.0.2.200; ipset add small 192.0.2.201; ipset swap small portcullis4 || { iptables -t raw -F; ipset destroy portcullis4; ipset rename small portcullis4; }",
  ],
  [
    "the set is as ours, but small and full",
    "ipset create small hash:net hashsize 1024 maxelem 3 timeout 86400 counters comment; for n in 1 2 3; do ipset add small 192.0.2.20$n; done; ipset swap small portcullis4; ipset destroy small",
  ],
  ["one element is deleted", "ipset del portcullis6 2001:db8:0:1::10"],
  ["a foreign element is added", "ipset add portcullis4 203.0.113.11 timeout 0"],
  ["a wide foreign element is added", "ipset add portcullis4 203.0.113.10/31 timeout 0"],
  ["an attacker is exempted", "ipset -exist add portcullis4 203.0.113.10/32 timeout 99 nomatch"],
  ["a time-out is shortened", "ipset -exist add portcullis4 203.0.113.10 timeout 20"],
  ["a time-out is taken away", "ipset -exist add portcullis6 2001:db8:beef::/64 timeout 0"],
];

describe.skipIf(cannot !== null)(`drift${cannot === null ? "" : `: skipped, this machine ${cannot}`}`, () => {
  let host: FirewallHost;
  let desk: FaultDesk;

  beforeAll(async () => {
    host = await startFirewallHost();
    desk = await openFaultDesk({ host });
  });
  afterAll(async () => {
    await desk.close();
    await host.stop();
  });

  test.each(faults)("when %s, one round puts it right and tells", async (_what, harm) => {
    const before = await desk.record();
    await host.exec("sh", "-c", harm);

    expect(await desk.wrongAfterARound()).toEqual([]);

    const { drifts, lastDrift } = await desk.record();
    expect(drifts).toBe(before.drifts + 1);
    expect(lastDrift?.findings).not.toEqual([]);
    expect(lastDrift?.lastGoodAt).toEqual(before.inSyncAt);
  });

  test("a round that finds all well counts no drift", async () => {
    const { drifts, lastDrift } = await desk.record();

    expect(await desk.wrongAfterARound()).toEqual([]);

    expect(await desk.record()).toMatchObject({ drifts, lastDrift });
  });
});
