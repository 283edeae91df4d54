import { spawnSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { allowedNetworks, hostile, protectedNetworks } from "./hostile-lines.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { backends, runScript, scriptPath, scriptText, wipeAll } from "./script-desk.ts";

const cannot = skipSystemTests();

test.skipIf(spawnSync("shellcheck", ["--version"]).error !== undefined)("shellcheck finds nothing", () => {
  const { status, stdout } = spawnSync("shellcheck", [scriptPath], { encoding: "utf8" });

  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("the script fits into one argument of a command, which may be 128 KiB", () => {
  expect(Buffer.byteLength(scriptText)).toBeLessThan(100_000);
});

const shells = [
  { name: "dash", shell: ["dash"], cover: "" },
  { name: "bash --posix", shell: ["bash", "--posix"], cover: "" },
  { name: "busybox ash", shell: ["busybox", "ash"], cover: "" },
  {
    name: "busybox ash and awk",
    shell: ["busybox", "ash"],
    cover: "mount --bind $(command -v busybox) $(readlink -f $(command -v awk))",
  },
  { name: "dash without ipset", shell: ["dash"], cover: backends[1].cover },
  { name: "bash without ipset and nft", shell: ["bash"], cover: backends[2].cover },
];

describe.skipIf(cannot !== null)(
  `the script on the host${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(async () => {
      await wipeAll(host);
    });
    afterAll(() => host.stop());

    describe.each(shells)("under $name", ({ shell, cover }) => {
      test("refuses each hostile line, and says so in one line", async () => {
        const answer = await runScript(host, { shell, cover, lines: hostile.map(([, line]) => line) });

        expect(answer).toHaveLength(hostile.length);
        for (const line of answer) {
          expect(line).toMatch(/^refused \S{1,43} [^\n]+$/);
        }
        const { stdout } = await host.exec(
          "sh",
          "-c",
          "ipset save; iptables-save; ip6tables-save; nft list ruleset",
        );
        expect(stdout).not.toContain("203.0.113");
        expect(stdout).not.toContain("127.0.0.1");
      });

      test.each([
        "nonsense",
        "read all",
        "outbound maybe",
        "remove-all x",
        "destroy portcullis4",
        "swap a b",
        "-X",
        "#peer",
      ])("knows no request %s", async (line) => {
        expect(await runScript(host, { shell, cover, lines: [line, "add 203.0.113.5/32 10"] })).toEqual([
          expect.stringMatching(/^error unknown request /),
        ]);
      });

      test("asks the kernel about nothing that is no network", async () => {
        const words = [
          "203.0.113.5;id",
          "localhost/32",
          "203.0.113.9/24",
          "010.1.2.3/32",
          "$(id)/32",
          "2001:DB8::5/128",
        ];
        const verify = await runScript(host, { shell, cover, lines: words.map((word) => `verify ${word}`) });
        const probe = await runScript(host, { shell, cover, lines: words.map((word) => `probe ${word}`) });

        const refused = /^(refused \S+|probe \S+ failed) not a canonical network$/;
        expect([...verify, ...probe].filter((line) => refused.test(line))).toHaveLength(2 * words.length);
        expect((await host.exec("ipset", "list", "-n")).stdout).toBe("");
      });

      test.each(["session", "batch"] as const)("refuses every protected network in a %s", async (mode) => {
        const nevers = ["198.51.100.7/32", "198.51.101.0/24", "2001:db8:8000::/33", "2001:db8:7:8::9/128"];
        const adds = protectedNetworks.map(([network]) => `add ${network} 60`);
        const lines = ["forget", ...nevers.map((never) => `never ${never}`), ...adds];

        const answer = await runScript(host, { shell, cover, mode, lines });

        expect(answer).toHaveLength(protectedNetworks.length);
        for (const [n, [network, why]] of protectedNetworks.entries()) {
          expect(answer[n]).toMatch(new RegExp(`^refused ${network} .*${why}`));
        }
      });

      test.each(["session", "batch"] as const)("takes every other network in a %s", async (mode) => {
        const adds = allowedNetworks.map((network) => `add ${network} 60`);
        const lines = ["forget", "never 198.51.100.7/32", "never 2001:db8:8000::/33", ...adds];

        const answer = await runScript(host, { shell, cover, mode, lines });
        const state = await runScript(host, { shell, cover, lines: ["read"] });

        expect(answer.filter((line) => !line.startsWith("repaired "))).toEqual(
          allowedNetworks.map((network) => `verified ${network}`),
        );
        expect(state.filter((line) => /^entry \S+ (60|59|58|57|56|55)$/.test(line))).toHaveLength(
          allowedNetworks.length,
        );
      });

      test("a batch that is cut off is not done, wherever that is", async () => {
        await runScript(host, { shell, cover, lines: ["add 203.0.113.7/32 -"] });
        const batches = [
          ["add 203.0.113.5/32 60", "add 203.0.113.6/32 6"],
          ["rebuild", "add 203.0.113.5/32 60", "end batc"],
          ["add 203.0.113.5/32 60", "end batch", "add 203.0.113.6/32 60"],
          ["del 203.0.113.7/32"],
          [],
        ];

        const answers = await Promise.all(
          batches.map((lines) => runScript(host, { shell, cover, mode: "batch", lines, isCutOff: true })),
        );
        const state = await runScript(host, { shell, cover, lines: ["read"] });

        expect(answers).toEqual(batches.map(() => ["error the request was cut off"]));
        expect(state.filter((line) => line.startsWith("entry "))).toEqual(["entry 203.0.113.7/32 -"]);
      });

      test("a never-list it can't read fails the whole request", async () => {
        const lines = ["never 198.51.100.9/24", "add 203.0.113.5/32 60"];

        expect(await runScript(host, { shell, cover, lines })).toEqual([
          "error the never-list holds 198.51.100.9/24",
        ]);
      });

      test("reading changes nothing", async () => {
        const before = await host.exec(
          "sh",
          "-c",
          "ipset save; iptables-save; ip6tables-save; nft list ruleset",
        );

        const answer = await runScript(host, { shell, cover, lines: ["read"] });

        expect(answer.filter((line) => line.startsWith("fault "))).not.toEqual([]);
        const strip = (text: string): string => text.replaceAll(/^#.*$/gm, "");
        const after = await host.exec(
          "sh",
          "-c",
          "ipset save; iptables-save; ip6tables-save; nft list ruleset",
        );
        expect(strip(after.stdout)).toBe(strip(before.stdout));
      });
    });

    describe("where something is missing", () => {
      const sysctl = "/proc/sys/net/ipv6/conf/all/disable_ipv6";

      afterEach(() => host.exec("sh", "-c", `echo 0 >${sysctl}`));

      test("IPv6 fails with the reason where it is off, and IPv4 works", async () => {
        const cover = `echo 1 >${sysctl}`;
        const lines = ["add 203.0.113.5/32 60", "add 2001:db8:5::5/128 60", "del 2001:db8:5::6/128"];

        const answer = await runScript(host, { cover, lines });

        expect(answer).toEqual(
          expect.arrayContaining([
            "verified 203.0.113.5/32",
            "failed 2001:db8:5::5/128 IPv6 is off on this host",
            "verified 2001:db8:5::6/128",
          ]),
        );
      });

      test("IPv6 fails with the reason where there is no ip6tables, which is a fault", async () => {
        const hidden = `mount -t tmpfs tmpfs /run
for tool in iptables iptables-restore; do cp $(readlink -f /usr/sbin/$tool) /run/$tool; done
for tool in ip6tables ip6tables-restore; do mount --bind /dev/null $(readlink -f /usr/sbin/$tool); done
PATH=/run:$PATH`;
        const answer = await runScript(host, {
          cover: hidden,
          lines: ["add 203.0.113.5/32 60", "add 2001:db8:5::5/128 60"],
        });
        const state = await runScript(host, { cover: hidden, lines: ["read"] });

        expect(answer).toEqual(
          expect.arrayContaining([
            "verified 203.0.113.5/32",
            "failed 2001:db8:5::5/128 ip6tables is missing on this host",
          ]),
        );
        expect(state).toContain("fault IPv6: ip6tables is missing on this host");
      });

      test("a kernel without the time match gets plain rules that still tell when they end", async () => {
        const cover = `${backends[2].cover}; mount --bind /dev/null $(ls /usr/lib/*/xtables/libxt_time.so)`;

        const answer = await runScript(host, { cover, lines: ["add 203.0.113.5/32 60"] });
        const state = await runScript(host, { cover, lines: ["read"] });

        expect(answer).toContain("verified 203.0.113.5/32");
        expect(state.join("\n")).toMatch(/^entry 203\.0\.113\.5\/32 (60|59|58)$/m);
      });

      test("nothing is dropped where the host's own addresses can't be read", async () => {
        const cover = "mount --bind /bin/false $(readlink -f $(command -v ip))";

        const answer = await runScript(host, { cover, lines: ["add 203.0.113.5/32 60"] });

        expect(answer).toEqual(["failed 203.0.113.5/32 the addresses of this host can not be read"]);
      });

      test.each([
        [
          "iptables and nft",
          ["iptables", "nft"],
          "iptables and nft are both missing on this host, or can not be used",
        ],
        ["ip", ["ip"], "ip is missing on this host"],
      ])("without %s it says so", async (_what, tools, why) => {
        const cover = tools
          .map((tool) => `mount --bind /dev/null $(readlink -f $(command -v ${tool}))`)
          .join("; ");
        const child = await host.exec(
          "sh",
          "-c",
          `${cover}; exec dash -c "$1" portcullis-fw session NONCE ''`,
          "sh",
          scriptText,
        );

        expect(child.stdout).toBe(`NONCE error ${why}\n`);
        expect(child.code).toBe(1);
      });

      test("without flock a directory is the lock, and one left behind is broken", async () => {
        const cover = `mount --bind /dev/null $(readlink -f $(command -v flock)); mount -t tmpfs tmpfs /run
mkdir /run/portcullis-fw.lock; echo 4194999 >/run/portcullis-fw.lock/pid`;

        expect(await runScript(host, { cover, lines: ["add 203.0.113.5/32 60"] })).toContain(
          "verified 203.0.113.5/32",
        );
      });
    });

    test("foreign entries that could never be added can be removed", async () => {
      await runScript(host, { lines: [""] });
      await host.exec("ipset", "add", "portcullis4", "198.0.0.0/8");

      const before = await runScript(host, { lines: ["read"] });
      const answer = await runScript(host, { lines: ["del 198.0.0.0/8"] });

      expect(before.join("\n")).toMatch(/^entry 198\.0\.0\.0\/8 864\d\d|^entry 198\.0\.0\.0\/8 86399/m);
      expect(answer).toEqual(["verified 198.0.0.0/8"]);
    });

    test("a removal inside a wider network is verified by reading the set", async () => {
      await runScript(host, { lines: ["add 198.51.100.0/24 60", "add 198.51.100.9/32 60"] });

      expect(await runScript(host, { lines: ["del 198.51.100.9/32"] })).toEqual(["verified 198.51.100.9/32"]);
    });
  },
);
