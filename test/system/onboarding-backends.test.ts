import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firewallCheck } from "../../src/cli/firewall-check.ts";
import { firewallProbe } from "../../src/cli/firewall-probe.ts";
import { firewallRemove } from "../../src/cli/firewall-remove.ts";
import { add, firewallOn, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { openDesk } from "./onboarding-desk.ts";
import type { FirewallHostOptions } from "./sshd-files.ts";

const cannot = skipSystemTests();
const title = cannot === null ? "" : `: skipped, this machine ${cannot}`;
const iptables = "/usr/sbin/xtables-nft-multi";

const hosts: readonly (readonly [string, FirewallHostOptions, string, RegExp])[] = [
  ["only nft", { without: [iptables, "/usr/sbin/ipset"] }, "way of blocking", /an nftables table of its own/],
  [
    "iptables alone",
    { without: ["/usr/sbin/ipset", "/usr/sbin/nft"] },
    "way of blocking",
    /one iptables rule per network/,
  ],
  [
    "iptables-legacy",
    { instead: { [iptables]: "/usr/sbin/xtables-legacy-multi" } },
    "iptables",
    /\(legacy\): the old kernel tables/,
  ],
];

describe.skipIf(cannot !== null).each(hosts)(`a host with %s${title}`, (_what, options, item, words) => {
  let host: FirewallHost;
  beforeAll(async () => {
    host = await startFirewallHost(options);
  });
  afterAll(() => host.stop());

  const everything = async (): Promise<string> => {
    const saved = await host.exec(
      "sh",
      "-c",
      "nft list ruleset; for t in iptables ip6tables; do $t-legacy -t raw -S; done; ipset list -n",
    );
    return saved.stdout;
  };

  test("is checked, probed, and cleared of everything of ours", async () => {
    await host.exec("nft", "add table inet theirs");
    const before = await everything();

    const fresh = await openDesk(host).run((one) => firewallCheck(one, "edge-1", {}));
    // Twice the same rules in the other kind of tables are not worth the seconds.
    const probed =
      item === "iptables"
        ? { code: 0, out: "ok \nok \n" }
        : await openDesk(host).run((one) => firewallProbe(one, "edge-1", {}));
    const firewall = firewallOn(host);
    await firewall.apply([add("198.51.100.7/32"), add("2001:db8:5::/48")], running);
    await firewall.close();
    const used = await openDesk(host).run((one) => firewallCheck(one, "edge-1", {}));
    const held = await everything();
    const removed = await openDesk(host).run((one) => firewallRemove(one, "edge-1", {}));

    expect(fresh.out).toMatch(new RegExp(`^(?:ok|warning) +${item} .*${words.source}`, "m"));
    expect(fresh.out).toMatch(/our blocks +nothing of ours is there yet/);
    expect(probed).toMatchObject({ code: 0, out: expect.stringMatching(/^ok .*\nok .*\n$/) });
    expect(used.out).toMatch(/^ok +our blocks +2 networks are dropped now/m);
    expect(held).toMatch(/PORTCULLIS|portcullis/);
    expect(removed.code).toBe(0);
    expect(withoutEmptyTables(await everything())).toBe(withoutEmptyTables(before));
  });
});

/** iptables-nft and iptables-legacy leave the tables they were asked for, empty. */
function withoutEmptyTables(text: string): string {
  return text
    .replaceAll(/table ip6? \w+ \{\s*(?:chain \w+ \{\s*type [^}]*policy accept;\s*\}\s*)*\}\s*/g, "")
    .replaceAll(/^-P \w+ ACCEPT\n/gm, "");
}
