import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { backends, runScript, scriptText, wipeAll } from "./script-desk.ts";

const cannot = skipSystemTests();
const [sets, nft, rules, legacy] = backends;
const four = "203.0.113.10";

describe.skipIf(cannot !== null)(
  `the script and its host${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(() => wipeAll(host));
    afterAll(() => host.stop());

    const ask = (...lines: readonly string[]) => runScript(host, { lines });

    describe("inspect", () => {
      test("shows each section, and changes nothing", async () => {
        await ask("add 203.0.113.10/32 60", "add 2001:db8:9::9/128 60");
        const list = "iptables-save; ip6tables-save; ipset save; nft list ruleset";
        const before = (await host.exec("sh", "-c", list)).stdout;

        const answer = await ask("inspect");

        const sections = new Set(answer.map((line) => line.split(" ")[1]));
        for (const section of [
          "id",
          "uname",
          "os",
          "date",
          "iptables",
          "iptables-save4",
          "iptables-save6",
          "nft",
          "ruleset",
          "ipset",
          "sets",
          "ip6",
          "conntrack",
          "listen",
          "sysctl",
          "addr",
          "route",
        ]) {
          expect(sections).toContain(section);
        }
        expect(answer.every((line) => /^text [a-z0-9-]+ [ -~]*$/.test(line))).toBe(true);
        expect(answer).toContain("text iptables-save4 -A PREROUTING -j PORTCULLIS");
        expect(answer).toContain("text ip6 0");
        expect(answer.join("\n")).toMatch(/^text date \d{10}$/m);
        expect(answer.join("\n")).toMatch(/^text sysctl net\.ipv4\.conf\.all\.rp_filter \d$/m);
        const strip = (text: string) =>
          text.replaceAll(/^#.*$|\[[\d:]+\]|timeout \d+|packets \d+ bytes \d+/gm, "");
        expect(strip((await host.exec("sh", "-c", list)).stdout)).toBe(strip(before));
      });

      test("what is missing is left out, or said to be", async () => {
        const cover = `${nft.cover}; mount --bind /dev/null $(readlink -f $(command -v conntrack))`;

        const answer = await runScript(host, { cover, lines: ["inspect"] });

        expect(answer).toContain("text conntrack missing");
        expect(answer.filter((line) => line.startsWith("text ipset "))).toEqual([]);
      });

      test("our elements are left out of the rule set, others' are shown, as are their chains", async () => {
        await runScript(host, {
          cover: nft.cover,
          lines: ["add 203.0.113.10/32 60", "add 203.0.113.12/32 60"],
        });
        await host.exec(
          "nft",
          "add table ip theirs; add set ip theirs names { type ipv4_addr; }; add element ip theirs names { 192.0.2.99 }",
        );

        const answer = (await runScript(host, { cover: nft.cover, lines: ["inspect"] })).join("\n");

        expect(answer).toContain("192.0.2.99");
        expect(answer).toContain("table inet portcullis");
        expect(answer).toContain("ip saddr @v4_32 counter");
        expect(answer).not.toMatch(/^text ruleset .*203\.0\.113\.10/m);
      });

      test("what we drop without sets is left out of the rules, and no other rule of our chain is", async () => {
        const { cover } = rules;
        const ours = ["203.0.113.10/32 60", "203.0.113.12/32 -", "2001:db8:9::9/128 60"];
        await runScript(host, { cover, lines: ["outbound on", ...ours.map((line) => `add ${line}`)] });
        const foreign = ["-s 203.0.113.13/32 -j ACCEPT", "-s 203.0.113.14/32 -p tcp -j DROP"];
        await host.exec(
          "sh",
          "-c",
          foreign.map((rule) => `iptables -t raw -A PORTCULLIS ${rule}`).join("; "),
        );

        const answer = await runScript(host, { cover, lines: ["inspect"] });

        expect(answer.filter((line) => /^text \S+ :PORTCULLIS /.test(line))).toHaveLength(2);
        expect(answer.filter((line) => line.endsWith("-j PORTCULLIS"))).toHaveLength(4);
        expect(answer.filter((line) => line.includes("-A PORTCULLIS"))).toEqual(
          foreign.map((rule) => `text iptables-save4 -A PORTCULLIS ${rule}`),
        );
      });

      test("control characters in a comment are not passed on", async () => {
        await host.exec(
          "iptables",
          "-A",
          "INPUT",
          "-m",
          "comment",
          "--comment",
          "a\u001b[31mb\u0007c\u009bd",
          "-j",
          "ACCEPT",
        );

        const answer = (await ask("inspect")).filter((line) => line.includes("--comment"));

        expect(answer.length).toBeGreaterThan(0);
        expect(answer.join("")).toMatch(/^[ -~]*$/);
      });
    });

    test("twenty sessions at once leave one jump, and no add is lost", async () => {
      for (const { cover } of [sets, nft, rules]) {
        await wipeAll(host);
        const networks = Array.from({ length: 20 }, (_, n) => `198.51.100.${n}/32`);
        const answers = await Promise.all(
          networks.map((network) => runScript(host, { cover, lines: [`add ${network} 60`] })),
        );
        const state = await runScript(host, { cover, lines: ["read"] });

        expect(answers.map((answer) => answer.at(-1))).toEqual(
          networks.map((network) => `verified ${network}`),
        );
        expect(state.filter((line) => line.startsWith("entry "))).toHaveLength(20);
        expect(state.filter((line) => line.startsWith("fault IPv4"))).toEqual([]);
      }
    });

    describe("the lock of iptables-legacy, held by another for 8 s", () => {
      const held = (cover: string) => `${cover}
mount -t tmpfs tmpfs /run
flock --close /run/xtables.lock sleep 8 >/dev/null &
until ! flock -n /run/xtables.lock true; do :; done`;
      const withSets = held(legacy.cover);
      const withoutSets = held(`${legacy.cover}; ${rules.cover}`);
      const says = "another program holds the lock of iptables: ";

      let more: readonly FirewallHost[];
      beforeAll(async () => {
        more = [await startFirewallHost(), await startFirewallHost()];
      });
      afterAll(() => Promise.all(more.map((host) => host.stop())));

      test("is waited for once in a request, 5 s, which then says so; afterwards all is well", async () => {
        const [second = host, third = host] = more;
        const times: number[] = [];
        const started = performance.now();
        const timed = async (where: FirewallHost, cover: string, line: string) => {
          const answer = await runScript(where, { cover, lines: [line] });
          times.push(performance.now() - started);
          return answer.filter((line) => line.includes(says));
        };
        const change = (where: FirewallHost, cover: string) => {
          const adds = [`add ${four}/32 60`, "add 2001:db8:0:1::10/128 60"];
          return runScript(where, { cover, lines: [...adds, "end 0", `add ${four}/32 60`] });
        };

        const [changed, changedRules, read, readRules, removed] = await Promise.all([
          change(host, withSets),
          change(second, withoutSets),
          timed(host, withSets, "read"),
          timed(second, withoutSets, "read"),
          timed(third, withSets, "remove-all"),
        ]);

        expect(Math.max(...times)).toBeLessThan(7500);
        const saying = (...starts: readonly string[]): readonly unknown[] =>
          starts.map((start): unknown => expect.stringContaining(`${start} ${says}`));
        const both = [`${four}/32`, "2001:db8:0:1::10/128"];
        const results = (answer: readonly string[]) => answer.filter((line) => !line.startsWith("repaired "));
        expect(results(changed)).toEqual([
          ...saying(...both.map((network) => `applied ${network}`)),
          `verified ${four}/32`,
        ]);
        expect(results(changedRules)).toEqual([
          ...saying(...both.map((network) => `failed ${network}`)),
          `verified ${four}/32`,
        ]);
        expect(read).toEqual(saying("fault IPv4:", "fault IPv6:"));
        // What is dropped is not known, which is no answer that there is nothing.
        expect(readRules).toEqual(saying("error", "error", "fault IPv4:", "fault IPv6:"));
        expect(removed.slice(0, 2)).toEqual(saying("fault iptables:", "fault ip6tables:"));
        expect([await host.attacker.ping(four), await second.attacker.ping(four)]).toEqual([false, false]);
      });
    });

    test("a set with other parameters is exchanged for one that holds the same", async () => {
      await host.exec("ipset", "create", "portcullis4", "hash:net", "timeout", "900");
      await host.exec("ipset", "add", "portcullis4", "203.0.113.11", "timeout", "600");

      const before = await ask("read");
      const answer = await ask("");

      expect(before).toContain("fault IPv4: set portcullis4 has other parameters");
      expect(answer).toContain("repaired set portcullis4 had other parameters");
      expect((await ask("read")).join("\n")).toMatch(/^entry 203\.0\.113\.11\/32 (600|59\d)$/m);
    });

    test("a set that can't be filled stays as it was, and every change of the rebuild says why", async () => {
      await ask("add 203.0.113.11/32 -");
      const full =
        "ipset() { case $* in *restore*) cat >/dev/null; echo 'ipset v7.17: Hash is full, cannot add more elements' >&2; return 1 ;; *) command ipset \"$@\" ;; esac; }";
      const { stdout } = await host.exec(
        "sh",
        "-c",
        'printf "rebuild\\nadd 203.0.113.10/32 60\\nadd 203.0.113.11/32 -\\nend 1\\n" | dash -c "$1" portcullis-fw session N ""',
        "sh",
        `${full}\n${scriptText}`,
      );

      expect(stdout).toContain("failed 203.0.113.10/32 ipset v7.17: Hash is full");
      expect(stdout).toContain("failed 203.0.113.11/32 ipset v7.17: Hash is full");
      expect(await ask("verify 203.0.113.11/32")).toEqual(["verified 203.0.113.11/32"]);
      expect((await host.exec("ipset", "list", "-n")).stdout.split("\n").sort()).toEqual(["", "portcullis4"]);
    });

    test.each([
      ["ipset is new", nft, sets, "table inet portcullis of nft"],
      ["ipset is gone", sets, nft, "chain PORTCULLIS of iptables"],
    ] as const)(
      "what was left by the way before %s is a fault, and taken away",
      async (_what, old, now, what) => {
        await runScript(host, { cover: old.cover, lines: ["add 203.0.113.11/32 -"] });

        const before = await runScript(host, { cover: now.cover, lines: ["read"] });
        await runScript(host, { cover: now.cover, lines: [""] });
        const still = await host.attacker.ping("203.0.113.11");
        const answer = await runScript(host, { cover: now.cover, lines: ["", "end 0", ""] });
        const after = await runScript(host, { cover: now.cover, lines: ["read"] });

        expect(still).toBe(false);
        expect(before.join("\n")).toContain(`fault ${what} is there beside ours`);
        expect(answer.join("\n")).toContain(`repaired ${what}`);
        expect(after.filter((line) => line.startsWith("fault "))).toEqual([]);
        expect(await host.attacker.ping("203.0.113.11")).toBe(true);
      },
    );

    test.each([
      ["switched off", "add table inet portcullis { flags dormant; }", "is switched off"],
      ["gone", "delete table inet portcullis", "is missing"],
      [
        "without its chain",
        "delete chain inet portcullis prerouting",
        "chain prerouting of table inet portcullis is missing",
      ],
      [
        "with a rule before ours",
        "insert rule inet portcullis prerouting accept",
        "chain prerouting of table inet portcullis holds other rules",
      ],
      [
        "with a rule less",
        "flush chain inet portcullis prerouting",
        "chain prerouting of table inet portcullis holds other rules",
      ],
      ["with another chain", "add chain inet portcullis foreign", "holds other chains"],
      [
        "with a set of another kind",
        "flush chain inet portcullis prerouting; delete set inet portcullis v4_32; add set inet portcullis v4_32 { type ipv4_addr; }",
        "set v4_32 of table inet portcullis has other parameters",
      ],
      [
        "without a set",
        "flush chain inet portcullis prerouting; delete set inet portcullis v4_32",
        "set v4_32 of table inet portcullis is missing",
      ],
    ])("a table of nft that is %s is found and put right", async (_what, harm, fault) => {
      const run = (...lines: readonly string[]) => runScript(host, { cover: nft.cover, lines });
      await run(`add ${four}/32 -`, "add 2001:db8:0:1::10/128 -");
      await host.exec("nft", harm);

      const before = await run("read");
      const answer = await run(`add ${four}/32 60`, "add 2001:db8:0:1::10/128 60");

      expect(before.filter((line) => line.startsWith("fault ")).join("\n")).toContain(fault);
      expect(answer.filter((line) => line.startsWith("repaired ")).join("\n")).toContain(fault);
      expect(answer.slice(-2)).toEqual([`verified ${four}/32`, "verified 2001:db8:0:1::10/128"]);
      expect((await run("read")).filter((line) => line.startsWith("fault "))).toEqual([]);
      expect(await host.attacker.ping(four)).toBe(false);
    });
  },
);
