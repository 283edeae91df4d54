import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const path = new URL("../../src/enforce/iptables-ssh/portcullis-fw.sh", import.meta.url).pathname;
const script = readFileSync(path, "utf8");
const cannot = skipSystemTests();

test.skipIf(spawnSync("shellcheck", ["--version"]).error !== undefined)("shellcheck finds nothing", () => {
  const { status, stdout } = spawnSync("shellcheck", [path], { encoding: "utf8" });

  expect(stdout).toBe("");
  expect(status).toBe(0);
});

/** Runs the script in the host's namespace and returns the lines it printed without its marks. */
async function runScript(host: FirewallHost, run: Run): Promise<readonly string[]> {
  const { shell = ["dash"], mode = "session", peer = "192.0.2.77 4 192.0.2.1 22", cover = "", lines } = run;
  const child = spawn(
    "ip",
    [
      "netns",
      "exec",
      host.namespace,
      "sh",
      "-c",
      `${cover}\nexec "$@"`,
      "sh",
      ...shell,
      "-c",
      script,
      "portcullis-fw",
      mode,
      "NONCE",
      peer,
    ],
    { stdio: ["pipe", "pipe", "ignore"] },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  child.stdin.end(`${lines.join("\n")}\n${mode === "session" ? "end 1\n" : ""}`);
  await once(child, "close");
  return said.split("\n").filter((line) => line !== "" && !line.startsWith("NONCE "));
}

interface Run {
  readonly lines: readonly string[];
  readonly shell?: readonly string[];
  readonly mode?: "session" | "batch";
  readonly peer?: string;
  /** Commands that change what the script finds. */
  readonly cover?: string;
}

const shells = [
  { name: "dash", shell: ["dash"], cover: "" },
  { name: "bash --posix", shell: ["bash", "--posix"], cover: "" },
  { name: "busybox ash", shell: ["busybox", "ash"], cover: "" },
  {
    name: "busybox ash and awk",
    shell: ["busybox", "ash"],
    cover: "mount --bind $(command -v busybox) $(readlink -f $(command -v awk))",
  },
  { name: "dash without ipset", shell: ["dash"], cover: "mount --bind /dev/null /usr/sbin/ipset" },
];

describe.skipIf(cannot !== null)(
  `the script on the host${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(async () => {
      await host.exec(
        "sh",
        "-c",
        "iptables -t raw -F; iptables -t raw -X; ip6tables -t raw -F; ip6tables -t raw -X",
      );
      await host.exec("ipset", "destroy");
    });
    afterAll(() => host.stop());

    describe.each(shells)("under $name", ({ shell, cover }) => {
      test.each([
        ["a command behind the address", "add 203.0.113.5;id 10"],
        ["an octal address", "add 010.1.2.3/32 10"],
        ["a number", "add 1 10"],
        ["a number with a length", "add 1/32 10"],
        ["a host name", "add localhost 10"],
        ["a host name with a length", "add localhost/32 10"],
        ["host bits", "add 203.0.113.9/24 10"],
        ["a wide network", "add 8.0.0.0/8 10"],
        ["everything", "add 0.0.0.0/0 10"],
        ["a network just too wide", "add 8.8.8.0/23 10"],
        ["a wide IPv6 network", "add 2001:db8::/47 10"],
        ["an address without length", "add 203.0.113.5 10"],
        ["a hexadecimal address", "add 0xcb007105/32 10"],
        ["a length with a zero", "add 203.0.113.5/032 10"],
        ["a length too long", "add 203.0.113.5/33 10"],
        ["a range", "add 203.0.113.5-203.0.113.9 10"],
        ["a list", "add 203.0.113.5/32,203.0.113.6/32 10"],
        ["a mapped address", "add ::ffff:203.0.113.5/128 10"],
        ["IPv6 written in another way", "add 2001:db8:0:0::5/128 10"],
        ["IPv6 in capitals", "add 2001:DB8::5/128 10"],
        ["IPv6 with two gaps", "add 2001::db8::5/128 10"],
        ["IPv6 with a zone", "add fe80::1%eth0/128 10"],
        ["no time", "add 203.0.113.5/32"],
        ["no seconds", "add 203.0.113.5/32 0"],
        ["too many seconds", "add 203.0.113.5/32 2147484"],
        ["negative seconds", "add 203.0.113.5/32 -1"],
        ["seconds that are none", "add 203.0.113.5/32 1e3"],
        ["an option behind", 'add 203.0.113.5/32 10 comment "x"'],
        ["a very long line", `add 203.0.113.5/32 10${"0".repeat(5000)}`],
        ["a very long address", `add ${"2".repeat(5000)} 10`],
        ["shell text", "add $(id)/32 10"],
        ["quotes", `add '203.0.113.5/32' 10`],
        ["a wide removal with host bits", "del 203.0.113.9/8"],
        ["a removal of a name", "del localhost"],
      ])("refuses %s", async (_what, line) => {
        const answer = await runScript(host, { shell, cover, lines: [line] });

        expect(answer).toEqual([expect.stringMatching(/^refused \S{1,43} [^\n]+$/)]);
        const { stdout } = await host.exec("sh", "-c", "ipset save; iptables-save; ip6tables-save");
        expect(stdout).not.toContain("203.0.113");
        expect(stdout).not.toContain("127.0.0.1");
      });

      test.each(["nonsense", "flush", "destroy portcullis4", "swap a b", "-X", "#peer"])(
        "knows no request %s",
        async (line) => {
          expect(await runScript(host, { shell, cover, lines: [line, "add 203.0.113.5/32 10"] })).toEqual([
            expect.stringMatching(/^error unknown request /),
          ]);
        },
      );

      test.each([
        ["0.0.0.1/32", "reserved"],
        ["10.0.0.1/32", "private"],
        ["10.1.2.0/24", "private"],
        ["100.64.0.1/32", "shared"],
        ["127.0.0.1/32", "loopback"],
        ["169.254.1.1/32", "link-local"],
        ["172.16.0.1/32", "private"],
        ["172.31.255.255/32", "private"],
        ["192.0.0.8/32", "reserved"],
        ["192.168.1.1/32", "private"],
        ["198.18.0.1/32", "reserved"],
        ["224.0.0.1/32", "multicast"],
        ["240.0.0.1/32", "reserved"],
        ["255.255.255.255/32", "reserved"],
        ["::/128", "not a public"],
        ["::1/128", "not a public"],
        ["fe80::1/128", "not a public"],
        ["fc00::1/128", "not a public"],
        ["fd00:1::/48", "not a public"],
        ["ff02::1/128", "not a public"],
        ["203.0.113.1/32", "address of this host"],
        ["203.0.113.0/30", "address of this host"],
        ["203.0.113.254/32", "default gateway"],
        ["203.0.113.252/30", "default gateway"],
        ["192.0.2.77/32", "other end of this SSH session"],
        ["192.0.2.0/24", "other end of this SSH session"],
        ["2001:db8:0:1::1/128", "address of this host"],
        ["2001:db8::/48", "address of this host"],
        ["198.51.100.7/32", "must never be blocked"],
        ["198.51.100.0/24", "must never be blocked"],
        ["198.51.101.128/25", "must never be blocked"],
        ["2001:db8:ffff::5/128", "must never be blocked"],
        ["2001:db8:7:8::/64", "must never be blocked"],
      ])("refuses %s: %s", async (network, why) => {
        const nevers = ["198.51.100.7/32", "198.51.101.0/24", "2001:db8:8000::/33", "2001:db8:7:8::9/128"];
        const lines = ["forget", ...nevers.map((never) => `never ${never}`), `add ${network} 60`];

        for (const mode of ["session", "batch"] as const) {
          expect(await runScript(host, { shell, cover, mode, lines })).toEqual([
            expect.stringMatching(new RegExp(`^refused ${network} .*${why}`)),
          ]);
        }
      });

      test.each([
        "1.0.0.1/32",
        "9.255.255.255/32",
        "11.0.0.0/24",
        "100.63.255.255/32",
        "100.128.0.0/32",
        "172.15.255.255/32",
        "172.32.0.0/32",
        "192.0.2.76/32",
        "203.0.113.2/31",
        "223.255.255.0/24",
        "198.51.100.6/32",
        "2001:db8:0:1::2/128",
        "2001:db8:7fff::/48",
        "2001:db8:0:2::/64",
        "2001:db8:1:0:2:3:4:5/128",
        "2001:0:0:1::/64",
        "2001::1:0:0:1/128",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
      ])("takes %s", async (network) => {
        const lines = ["forget", "never 198.51.100.7/32", "never 2001:db8:8000::/33", `add ${network} 60`];

        for (const mode of ["session", "batch"] as const) {
          const answer = await runScript(host, { shell, cover, mode, lines });
          expect(answer.filter((line) => !line.startsWith("repaired "))).toEqual([`verified ${network}`]);
        }
        const state = await runScript(host, { shell, cover, lines: ["read"] });
        expect(state.join("\n")).toMatch(new RegExp(`^entry ${network} (60|59|58|57)$`, "m"));
      });

      test("a never-list it can't read fails the whole request", async () => {
        const lines = ["never 198.51.100.9/24", "add 203.0.113.5/32 60"];

        expect(await runScript(host, { shell, cover, lines })).toEqual([
          "error the never-list holds 198.51.100.9/24",
        ]);
      });

      test("reading changes nothing", async () => {
        const before = await host.exec("sh", "-c", "ipset save; iptables-save; ip6tables-save");

        const answer = await runScript(host, { shell, cover, lines: ["read"] });

        expect(answer.filter((line) => line.startsWith("fault "))).not.toEqual([]);
        const strip = (text: string): string => text.replaceAll(/^#.*$/gm, "");
        const after = await host.exec("sh", "-c", "ipset save; iptables-save; ip6tables-save");
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
        const hidden = `rm -rf /tmp/pcl-$$ && mkdir /tmp/pcl-$$ && mount -t tmpfs tmpfs /tmp/pcl-$$
for tool in iptables iptables-restore; do cp $(readlink -f /usr/sbin/$tool) /tmp/pcl-$$/$tool; done
for tool in ip6tables ip6tables-restore; do mount --bind /dev/null $(readlink -f /usr/sbin/$tool); done
PATH=/tmp/pcl-$$:$PATH`;
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
        const cover =
          "mount --bind /dev/null /usr/sbin/ipset; mount --bind /dev/null $(ls /usr/lib/*/xtables/libxt_time.so)";

        const answer = await runScript(host, { cover, lines: ["add 203.0.113.5/32 60"] });
        const state = await runScript(host, { cover, lines: ["read"] });

        expect(answer).toContain("verified 203.0.113.5/32");
        expect(state.join("\n")).toMatch(/^entry 203\.0\.113\.5\/32 (60|59|58)$/m);
      });

      test("nothing is dropped where the host's own addresses can't be read", async () => {
        const cover =
          "cp /bin/false /tmp/pcl-false-$$; mount --bind /tmp/pcl-false-$$ $(readlink -f $(command -v ip)); rm /tmp/pcl-false-$$";

        const answer = await runScript(host, { cover, lines: ["add 203.0.113.5/32 60"] });

        expect(answer).toEqual(["failed 203.0.113.5/32 the addresses of this host can not be read"]);
      });

      test.each(["iptables", "ip"])("without %s it says so", async (tool) => {
        const cover = `mount --bind /dev/null $(readlink -f $(command -v ${tool}))`;
        const child = await host.exec(
          "sh",
          "-c",
          `${cover}; exec dash -c "$1" portcullis-fw session NONCE ''`,
          "sh",
          script,
        );

        expect(child.stdout).toBe(`NONCE error ${tool} is missing on this host\n`);
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
