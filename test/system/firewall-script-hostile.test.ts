import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { backends, runScript, wipeAll } from "./script-desk.ts";

const cannot = skipSystemTests();
const [four, other, six] = ["203.0.113.10", "203.0.113.11", "2001:db8:0:1::10"] as const;
const peer = "198.51.100.77";
const [sets, nft, rules] = backends;

/** An ipset, nft or iptables that says no to what asks for something to be done or shown. */
const refusing = (tool: string, allowed: string): string => `mkdir -p /run/no
real=$(readlink -f /usr/sbin/${tool}); cp -a "$real" /run/no/real; ln -sf real /run/no/${tool}-real
printf '#!/bin/sh\\ncase "$*" in ${allowed}) exec ${tool} "$@" ;; esac\\necho "${tool}: Operation not permitted" >&2\\nexit 1\\n' >/run/no/${tool}
sed -i "s|exec ${tool}|exec /usr/sbin/${tool}|" /run/no/${tool}; chmod +x /run/no/${tool}; PATH=/run/no:$PATH`;

describe.skipIf(cannot !== null)(
  `the script on a host that works against it${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(() => wipeAll(host));
    afterAll(() => host.stop());

    const ask = (cover: string, ...lines: readonly string[]) =>
      runScript(host, { cover, lines, peer: `${peer} 4 192.0.2.1 22` });
    const harm = (command: string) => host.exec("sh", "-ec", command);
    const only = (word: string, answer: readonly string[]) =>
      answer.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
    const shown = async (command: string) => (await host.exec("sh", "-c", command)).stdout;

    test.each([
      ["of one protocol and port", `-s ${other} -p udp --dport 53 -j DROP`],
      ["with a limit", `-s ${other} -p tcp -m limit --limit 5/min -j DROP`],
      ["for one direction between two hosts", `-s ${other} -d 192.0.2.1 -j DROP`],
      ["by one interface", `-s ${other} -i wan -j DROP`],
      ["of a mask with holes", "-s 203.0.113.11/255.0.255.255 -j DROP"],
      ["with another comment", `-s ${other} -m comment --comment "portcullis-5 or so" -j DROP`],
      ["that has ended already", `-s ${other} -m time --datestop 2020-01-01T00:00:00 -j DROP`],
      [
        "that ends at another time than it says",
        `-s ${other} -m time --datestop 2020-01-01T00:00:00 -m comment --comment portcullis-4102444800 -j DROP`,
      ],
    ])("rules: a foreign rule %s is a fault, no entry, and never made a whole one", async (_what, rule) => {
      await ask(rules.cover, "");
      await ask(rules.cover, `add ${four}/32 -`);
      await harm(`iptables -t raw -A PORTCULLIS ${rule}`);

      const before = await ask(rules.cover, "read");
      const verified = await ask(rules.cover, `verify ${other}/32`);
      await ask(rules.cover, "add 203.0.113.12/32 60");
      const after = await ask(rules.cover, "read");

      expect(only("entry", before)).toEqual([`${four}/32 -`]);
      expect(only("fault", before)).toEqual(["IPv4: chain PORTCULLIS holds other rules"]);
      expect(verified).toEqual([`failed ${other}/32 is not in the list`]);
      expect(only("fault", after)).toEqual([]);
      expect(only("entry", after)).toHaveLength(2);
      expect(await host.attacker.ping(other)).toBe(true);
      expect(await host.attacker.ping(four)).toBe(false);
    });

    test("rules: an entry that is protected now is not written again, by a change nor by a repair", async () => {
      const lines = [`${peer}/32`, "203.0.0.0/16", "198.51.100.9/32"];
      for (const change of [[`add ${four}/32 60`], [""]]) {
        await ask(rules.cover, "");
        await ask(rules.cover, `add ${other}/32 60`);
        await harm(lines.map((line) => `iptables -t raw -A PORTCULLIS -s ${line} -j DROP`).join("; "));
        await harm("iptables -t raw -A PORTCULLIS -j RETURN");

        const answer = await ask(rules.cover, "never 198.51.100.9/32", ...change);

        expect(only("repaired", answer)).toEqual([
          "IPv4: chain PORTCULLIS holds other rules",
          `IPv4: ${peer}/32 is not dropped any more: other end of this SSH session`,
          "IPv4: 203.0.0.0/16 is not dropped any more: wider than /24",
          "IPv4: 198.51.100.9/32 is not dropped any more: on the list of what must never be blocked",
        ]);
        const chain = await shown("iptables -t raw -S PORTCULLIS");
        expect(chain).toContain(other);
        expect(lines.filter((line) => chain.includes(line))).toEqual([]);
        await wipeAll(host);
      }
    });

    test("sets: what is protected now is not copied out of a set with other parameters", async () => {
      await harm(`ipset create portcullis4 hash:net
for net in ${peer} 203.0.0.0/16 ${host.own.v4} ${other}; do ipset add portcullis4 $net; done`);

      const answer = await ask(sets.cover, `add ${four}/32 60`);

      expect(only("verified", answer)).toEqual([`${four}/32`]);
      expect(only("repaired", answer).filter((line) => line.includes("not dropped any more"))).toHaveLength(
        3,
      );
      expect(only("entry", await ask(sets.cover, "read")).sort()).toEqual([
        expect.stringContaining(`${four}/32 `),
        `${other}/32 -`,
      ]);
    });

    test("nft: a foreign set of a length that is none of ours is a fault and never dropped by", async () => {
      await ask(nft.cover, `add ${four}/32 -`);
      await harm(
        "nft 'add set inet portcullis v4_8 { type ipv4_addr; flags timeout; counter; }; add element inet portcullis v4_8 { 203.0.0.0 }'",
      );

      const before = await ask(nft.cover, "read");
      const removed = await ask(nft.cover, "del 203.0.0.0/8", "del 198.51.100.0/27");

      expect(only("entry", before)).toEqual([`${four}/32 -`]);
      expect(only("fault", before)).toEqual(["table inet portcullis holds other sets"]);
      expect(only("verified", removed)).toEqual(["203.0.0.0/8", "198.51.100.0/27"]);
      expect(only("fault", await ask(nft.cover, "read"))).toEqual([]);
      expect(await host.attacker.ping(other)).toBe(true);
      expect(await host.attacker.ping(four)).toBe(false);
    });

    describe.each([
      { backend: "sets", cover: sets.cover, tool: "ipset", allowed: "list?-n" },
      { backend: "nft", cover: nft.cover, tool: "nft", allowed: "list?tables" },
      { backend: "rules", cover: rules.cover, tool: "iptables", allowed: "*PREROUTING" },
    ])("with $backend, whose $tool fails", ({ cover, tool, allowed }) => {
      const failing = `${cover}\nmount -t tmpfs tmpfs /run\n${refusing(tool, allowed)}`;

      test("an unblock is not confirmed", async () => {
        await ask(cover, `add ${four}/32 -`);

        const answer = await ask(failing, `del ${four}/32`);

        expect(answer).toEqual([expect.stringMatching(/^(error|failed \S+) .*Operation not permitted/)]);
        expect(await host.attacker.ping(four)).toBe(false);
      });

      test("reading and verifying are errors, not an empty list", async () => {
        await ask(cover, `add ${four}/32 -`);

        for (const request of ["read", `verify ${four}/32`]) {
          const answer = await ask(failing, request);
          expect(only("error", answer)).toContainEqual(
            expect.stringMatching(new RegExp(`^${tool}: Operation not permitted`)),
          );
          expect([...only("entry", answer), ...only("verified", answer)]).toEqual([]);
        }
      });

      test("reading where there is nothing of ours is no error", async () => {
        expect(only("error", await ask(cover, "read"))).toEqual([]);
        expect(await ask(cover, `verify ${four}/32`)).toEqual([`failed ${four}/32 is not in the list`]);
      });
    });

    test.each([
      ["ipset", nft.cover, sets.cover],
      ["iptables", sets.cover, "mount --bind /dev/null $(readlink -f /usr/sbin/iptables)"],
      ["nft", sets.cover, nft.cover],
    ])(
      "an unblock is not confirmed while what was there before %s went or came may drop",
      async (_tool, now, before) => {
        await ask(before, `add ${four}/32 -`);

        const answer = await ask(now, `del ${four}/32`);
        expect(only("verified", answer)).toEqual([]);
        expect(only("failed", answer)).toEqual([
          expect.stringMatching(/^203\.0\.113\.10\/32 .* is there beside ours of now$/),
        ]);
        expect(await host.attacker.ping(four)).toBe(false);

        await ask(now, "rebuild");
        expect(await ask(now, `del ${four}/32`)).toEqual([`verified ${four}/32`]);
        expect(await host.attacker.ping(four)).toBe(true);
      },
    );

    test("sets: an unblock that fails is not confirmed although the list can be read", async () => {
      await ask(sets.cover, `add ${four}/32 -`);
      const failing = `mount -t tmpfs tmpfs /run\n${refusing("ipset", "list*|save*|test*|-")}`;

      expect(await ask(failing, `del ${other}/32`, `del ${four}/32`)).toEqual([
        `failed ${other}/32 ipset: Operation not permitted`,
        `failed ${four}/32 ipset: Operation not permitted`,
      ]);
    });

    test.each([
      [
        "portcullis6",
        "hash:ip family inet6",
        [`${six}/128`, "2001:db8:9::/64"],
        [`${four}/32`, `${other}/32`],
      ],
      ["portcullis4", "hash:ip", [`${four}/32`, `${other}/32`], [`${six}/128`, "2001:db8:9::/64"]],
    ])("sets: a foreign set named %s fails its own family only", async (name, type, failed, verified) => {
      await harm(`ipset create ${name} ${type}`);
      const order = [failed[0], verified[0], failed[1], verified[1]];

      const answer = await ask(
        sets.cover,
        ...order.map((network) => `add ${network} 60`),
        `del ${failed[0]}`,
      );

      expect(only("verified", answer)).toEqual(verified);
      expect(only("failed", answer).map((line) => line.replace(/ parameters: .*/, " parameters"))).toEqual(
        failed.map((network) => `${network} set ${name} has other parameters`),
      );
    });

    describe("IPv6 that is off by default", () => {
      const conf = "/proc/sys/net/ipv6/conf";

      afterEach(() => harm(`for conf in all wan; do echo 0 >${conf}/$conf/disable_ipv6; done`));

      test("is on where an interface has it", async () => {
        const link =
          "ip link add odd type bridge; ip link set odd up; ip -6 addr add 2001:db8:f::1/64 dev odd nodad";
        await harm(
          `echo 1 >${conf}/all/disable_ipv6; ${link.replace(";", `; echo 0 >${conf}/odd/disable_ipv6;`)}`,
        );

        const answer = await ask(sets.cover, `add ${six}/128 60`);
        const state = await ask(sets.cover, "read");
        await harm("ip link del odd");

        expect(only("verified", answer)).toEqual([`${six}/128`]);
        expect(only("entry", state)).toHaveLength(1);
      });
    });

    test.each([sets, rules])(
      "$backend: remove-all is not misled by a foreign chain of a like name",
      async ({ cover }) => {
        await harm("iptables -t raw -N PORTCULLIS-theirs; ip6tables -t raw -N PORTCULLIS-theirs");

        expect(await ask(cover, "remove-all")).toEqual([]);
        await ask(cover, "");
        const answer = await ask(cover, "remove-all");

        expect(only("fault", answer)).toEqual([]);
        expect(await shown("iptables -t raw -S")).toMatch(/^-N PORTCULLIS-theirs$/m);
        expect(await shown("iptables -t raw -S")).not.toMatch(/^-N PORTCULLIS$/m);
      },
    );
  },
);
