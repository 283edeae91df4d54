import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { allowedNetworks, hostile, protectedNetworks } from "./hostile-lines.ts";
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
      test("refuses each hostile line, and says so in one line", async () => {
        const answer = await runScript(host, { shell, cover, lines: hostile.map(([, line]) => line) });

        expect(answer).toHaveLength(hostile.length);
        for (const line of answer) {
          expect(line).toMatch(/^refused \S{1,43} [^\n]+$/);
        }
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
        const cover =
          "mount --bind /dev/null /usr/sbin/ipset; mount --bind /dev/null $(ls /usr/lib/*/xtables/libxt_time.so)";

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
