import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { runScript, scriptText, wipeAll } from "./script-desk.ts";

const cannot = skipSystemTests();

describe.skipIf(cannot !== null)(
  `the script tries things out${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let abandoned: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
      // The kernel takes 10 s to clean up: the other tests run meanwhile.
      abandoned = await startFirewallHost();
      await killInItsMiddle(abandoned, "probe 198.51.100.77/32", "198.51.100.77");
    });
    beforeEach(() => wipeAll(host));
    afterAll(async () => {
      await host.stop();
      await abandoned.stop();
    });

    const ask = (...lines: readonly string[]) => runScript(host, { lines });
    const hide = (...tools: readonly string[]) =>
      tools.map((tool) => `mount --bind /dev/null $(readlink -f $(command -v ${tool}))`).join("\n");

    describe("probe", () => {
      test.each([
        ["203.0.113.64/28", "not a documentation address"],
        ["8.8.8.8/32", "not a documentation address"],
        ["2606:4700::1111/128", "not a documentation address"],
        ["2001:db8::/64", "not a documentation address"],
        ["203.0.113.1/32", "address of this host"],
        ["203.0.113.254/32", "default gateway of this host"],
        ["192.0.2.77/32", "other end of this SSH session"],
        ["198.51.100.9/32", "on the list of what must never be blocked"],
        ["198.51.100.8/32", "is blocked here already"],
        ["127.0.0.1/32", "loopback address"],
        ["192.0.2.5", "not a canonical network"],
        ["192.0.2.5/32;id", "not a canonical network"],
      ])("of %s is refused", async (network, why) => {
        await ask("add 198.51.100.8/32 -");

        const [answer] = await ask("never 198.51.100.9/32", `probe ${network}`);

        expect(answer).toMatch(new RegExp(`^probe \\S+ failed ${why}`));
        expect((await host.exec("ipset", "save")).stdout).toContain("198.51.100.8 timeout 0 ");
      });

      test.each([
        ["bash", hide("ping")],
        ["nc", hide("ping", "bash")],
        ["python3", `${hide("ping", "bash", "nc")}\nPATH=/usr/bin:/usr/sbin`],
        ["perl", `${hide("ping", "bash", "nc")}\nPATH=/usr/bin:/usr/sbin\n${hide("python3")}`],
      ])("sends by %s where there is no ping", async (_tool, cover) => {
        await ask("");

        expect(await runScript(host, { cover, lines: ["probe 198.51.100.77/32"] })).toEqual([
          "probe 198.51.100.77/32 3 3 3",
        ]);
      });

      test("shows it where packets still pass though all looks well", async () => {
        const lie = [
          "-N PORTCULLIS",
          "-A PREROUTING -j PORTCULLIS",
          "-A PORTCULLIS -m set --match-set portcullis4 src -j DROP",
        ];
        const cover = `mount -t tmpfs tmpfs /run; PATH=/run:$PATH
printf '#!/bin/sh\nprintf "${lie.join("\\\\n")}\\\\n"\n' >/run/iptables; chmod +x /run/iptables`;

        expect(
          await runScript(host, {
            cover,
            lines: ["add 198.51.100.78/32 1", "end 0", "probe 198.51.100.77/32"],
          }),
        ).toContain("probe 198.51.100.77/32 3 3 0");
      });

      test("counts what is dropped where nothing was answered before", async () => {
        await ask("");
        await host.exec("iptables", "-I", "INPUT", "-s", "198.51.100.77", "-j", "DROP");

        expect(await ask("probe 198.51.100.77/32")).toEqual(["probe 198.51.100.77/32 3 0 3"]);
      });

      test("a first packet that is too early is lost before the others are counted", async () => {
        await ask("");
        const dir = mkdtempSync(join(tmpdir(), "portcullis-ping-"));
        onTestFinished(() => {
          rmSync(dir, { recursive: true });
        });
        const ping = `#!/bin/sh
echo "$2" >>${dir}/counts
[ "$(wc -l <${dir}/counts)" -gt 1 ] || { echo "$2 packets transmitted, $(($2 - 1)) received"; exit 1; }
PATH=\${PATH#*:}; exec ping "$@"\n`;
        writeFileSync(join(dir, "ping"), ping, { mode: 0o755 });

        const answer = await runScript(host, {
          cover: `PATH=${dir}:$PATH`,
          lines: ["probe 2001:db8:77::5/128"],
        });

        expect(answer).toEqual(["probe 2001:db8:77::5/128 3 3 3"]);
        expect(readFileSync(join(dir, "counts"), "utf8")).toBe("1\n3\n3\n");
      });
    });

    describe("route", () => {
      test("a gateway that answers", async () => {
        expect(await ask("route")).toEqual(["gateway 203.0.113.254 answers"]);
      });

      test("one that answers no ping, but for its link address", async () => {
        expect(await runScript(host, { cover: hide("ping"), lines: ["route"] })).toEqual([
          "gateway 203.0.113.254 answers",
        ]);
      });

      test("one that is not there, of either family, and none", async () => {
        await host.exec("ip", "route", "replace", "default", "via", "203.0.113.99");
        await host.exec("ip", "-6", "route", "add", "default", "via", "2001:db8:0:1::10");
        const two = await ask("route");
        await host.exec("ip", "route", "del", "default");
        await host.exec("ip", "-6", "route", "del", "default");
        const none = await ask("route");
        await host.exec("ip", "route", "add", "default", "via", "203.0.113.254");

        expect(two).toEqual(["gateway 203.0.113.99 silent", "gateway 2001:db8:0:1::10 answers"]);
        expect(none).toEqual(["gateway none"]);
      });
    });

    test("a probe that was killed in its middle: its address and its block have gone by themselves", async () => {
      const isGone = async () => !(await lentAndBlocked(abandoned)).includes("198.51.100.77");

      expect(await eventually("neither", isGone, 15_000)).toBe(true);
    });
  },
);

async function lentAndBlocked(host: FirewallHost): Promise<string> {
  return (await host.exec("sh", "-c", "ip addr show dev lo; ipset save")).stdout;
}

async function killInItsMiddle(host: FirewallHost, request: string, address: string): Promise<void> {
  const child = spawn(
    "ip",
    ["netns", "exec", host.namespace, "dash", "-c", scriptText, "portcullis-fw", "session", "N", ""],
    { stdio: ["pipe", "ignore", "ignore"] },
  );
  child.stdin.write(`${request}\nend 1\n`);
  await eventually(
    "the address and the block",
    async () => (await lentAndBlocked(host)).split(address).length > 2,
  );
  child.kill("SIGKILL");
  await once(child, "close");
}
