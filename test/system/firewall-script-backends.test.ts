import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { backends, type Run, runScript, wipeAll } from "./script-desk.ts";

const cannot = skipSystemTests();
const [four, other, six] = ["203.0.113.10", "203.0.113.11", "2001:db8:0:1::10"] as const;

describe.skipIf(cannot !== null).each(backends)(
  `the script with $backend${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  ({ cover }) => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(() => wipeAll(host));
    afterAll(() => host.stop());

    const ask = (...lines: readonly string[]) => runScript(host, { cover, lines });
    const results = (answer: readonly string[]) => answer.filter((line) => !line.startsWith("repaired "));
    const faults = async (...before: readonly string[]) =>
      (await ask(...before, "read")).filter((line) => line.startsWith("fault "));
    const entries = async () =>
      (await ask("read"))
        .filter((line) => line.startsWith("entry "))
        .map((line) => line.slice(6))
        .sort();
    const harm = (command: string) => runScript(host, { cover: `${cover}\n${command}`, lines: ["read"] });

    test("a block without an end, and one of the longest", async () => {
      expect(results(await ask(`add ${four}/32 -`, `add ${other}/32 2147483`, `add ${six}/128 -`))).toEqual([
        `verified ${four}/32`,
        `verified ${other}/32`,
        `verified ${six}/128`,
      ]);
      expect(await entries()).toEqual([
        `${six}/128 -`,
        `${four}/32 -`,
        expect.stringMatching(/^203\.0\.113\.11\/32 21474(8[0-3]|79)$/),
      ]);
      expect(await host.attacker.ping(four)).toBe(false);
      expect(await host.attacker.ping(six)).toBe(false);
    });

    test("a block gets a new end, in both directions", async () => {
      await ask(`add ${four}/32 -`);

      expect(await ask(`add ${four}/32 60`)).toEqual([`verified ${four}/32`]);
      expect(await entries()).toEqual([expect.stringMatching(/ (60|59|58)$/)]);
      expect(await ask(`add ${four}/32 -`)).toEqual([`verified ${four}/32`]);
      expect(await entries()).toEqual([`${four}/32 -`]);
    });

    test("networks within networks, and of unusual lengths", async () => {
      const lines = [
        `${four}/32`,
        "203.0.113.8/29",
        "198.51.100.128/25",
        "2001:db8:7::/56",
        "2001:db8:7::/48",
      ];

      expect(results(await ask(...lines.map((line) => `add ${line} 60`)))).toEqual(
        lines.map((line) => `verified ${line}`),
      );
      expect(await faults()).toEqual([]);
      expect(results(await ask(`del ${four}/32`))).toEqual([`verified ${four}/32`]);
      expect(await host.attacker.ping(four)).toBe(false);
      expect(results(await ask("del 203.0.113.8/29"))).toEqual(["verified 203.0.113.8/29"]);
      expect(await host.attacker.ping(four)).toBe(true);
    });

    test("verify tells what is in force and changes nothing", async () => {
      await ask(`add ${four}/32 60`);

      expect(await ask(`verify ${four}/32`, `verify ${other}/32`)).toEqual([
        `verified ${four}/32`,
        expect.stringMatching(/^failed 203\.0\.113\.11\/32 is not /),
      ]);
      await host.exec("sh", "-c", "iptables -t raw -F PREROUTING; iptables-legacy -t raw -F PREROUTING");
      await host.exec("nft", "flush", "chain", "inet", "portcullis", "prerouting");
      expect(await ask(`verify ${four}/32`)).toEqual([
        expect.stringMatching(/^applied 203\.0\.113\.10\/32 /),
      ]);
      expect(await host.attacker.ping(four)).toBe(true);
    });

    test("what a block has dropped is counted", async () => {
      await ask(`add ${four}/32 60`, `add ${six}/128 60`);
      await host.attacker.ping(four);
      await host.attacker.ping(six);

      const [v6, v4] = await entries();

      expect(v4).toMatch(/^203\.0\.113\.10\/32 \d+ [1-9]\d* [1-9]\d+$/);
      expect(v6).toMatch(/^2001:db8:0:1::10\/128 \d+ [1-9]\d* [1-9]\d+$/);
    });

    test("packets out are dropped when that is on, and only then", async () => {
      const out = async (address: string) =>
        (await host.exec("bash", "-c", 'echo x >"/dev/udp/$0/9"', address)).stderr.includes("not permitted");
      await ask("outbound on", `add ${four}/32 60`, `add ${six}/128 60`);

      expect([await out(four), await out(six), await out(other)]).toEqual([true, true, false]);
      expect(await faults("outbound on")).toEqual([]);
      expect(await faults()).not.toEqual([]);

      await ask("outbound off", "");
      expect([await out(four), await out(six)]).toEqual([false, false]);
      expect(await faults()).toEqual([]);
      expect(await host.attacker.ping(four)).toBe(false);
    });

    test("a rebuild leaves exactly what it was given, and what is refused out", async () => {
      await ask(`add ${other}/32 60`, "add 198.51.100.0/24 -", `add ${six}/128 60`);

      const answer = await ask(
        "rebuild",
        `add ${four}/32 60`,
        "add 2001:db8:9::/64 -",
        "add 127.0.0.1/32 60",
      );

      expect(results(answer).sort()).toEqual([
        "refused 127.0.0.1/32 loopback address",
        "verified 2001:db8:9::/64",
        `verified ${four}/32`,
      ]);
      expect(await entries()).toEqual(["2001:db8:9::/64 -", expect.stringMatching(/^203\.0\.113\.10\/32 /)]);
      expect(await faults()).toEqual([]);
      expect([await host.attacker.ping(four), await host.attacker.ping(other)]).toEqual([false, true]);
    });

    test("a rebuild from nothing, with nothing, and with a line that is none", async () => {
      expect(results(await ask("rebuild", `add ${four}/32 60`))).toEqual([`verified ${four}/32`]);
      expect(await ask("rebuild", "nonsense", `add ${other}/32 60`)).toEqual([
        "error unknown request nonsense",
      ]);
      expect(await ask("rebuild", `del ${four}/32`)).toEqual(["error unknown request del"]);
      expect(await entries()).toHaveLength(1);
      expect(await ask("rebuild")).toEqual([]);
      expect(await entries()).toEqual([]);
    });

    test("a block stands all the time while others are built anew", async () => {
      const lines = Array.from({ length: 5000 }, (_, n) => `add 60.1.${n >> 8}.${n & 255}/32 60`);
      const run: Run = { cover, mode: "batch", lines: ["rebuild", `add ${four}/32 60`, ...lines] };
      await runScript(host, run);
      const attacker = host.namespace.replace(/f$/, "a");
      const pings = ["stdbuf", "-oL", "ping", "-i", "0.002", "-w", "60", "-I", four, host.own.v4];
      const pinging = spawn("ip", ["netns", "exec", attacker, ...pings], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      let said = "";
      pinging.stdout.setEncoding("utf8").on("data", (piece: string) => {
        said += piece;
      });
      await once(pinging.stdout, "data");

      const answer = await runScript(host, run);
      pinging.kill("SIGINT");
      await once(pinging, "close");

      expect(said).toMatch(/^\d{2,} packets transmitted, 0 received/m);
      expect(answer).toHaveLength(lines.length + 1);
    });

    test("probes say that dropping works and leave nothing behind; nobody else waits for them or sees them", async () => {
      await ask("");
      const shown = async (command: string) => (await host.exec("sh", "-c", command)).stdout;

      let areDone = false;
      const probing = Promise.all([ask("probe 192.0.2.5/32"), ask("probe 2001:db8:77::5/128")]).finally(
        () => {
          areDone = true;
        },
      );
      await eventually("both blocks", async () => {
        const kernel = await shown("ipset save; iptables -t raw -S; ip6tables -t raw -S; nft list ruleset");
        return /192\.0\.2\.5/.test(kernel) && /2001:db8:77::5/.test(kernel);
      });
      const seen = await entries();
      const answer = await ask("");

      expect({ areDone, seen, answer }).toEqual({ areDone: false, seen: [], answer: [] });
      expect(await probing).toEqual([["probe 192.0.2.5/32 3 3 3"], ["probe 2001:db8:77::5/128 3 3 3"]]);
      const lent = "ip -o addr show dev lo; ip route show table all; ip -6 route show table all";
      expect(await shown(lent)).not.toMatch(/192\.0\.2\.5|2001:db8:77::5/);
      expect(await entries()).toEqual([]);
    });

    test("remove-all takes out everything of ours and nothing else", async () => {
      const list = "iptables-save; ip6tables-save; iptables-legacy-save; ipset list -n; nft list tables inet";
      const state = async () =>
        (await host.exec("sh", "-c", list)).stdout
          .split("\n")
          .filter((line) => !/^(#|:[A-Z]+ ACCEPT|\*|COMMIT|$)/.test(line));
      await host.exec("ipset", "create", "theirs", "hash:ip");
      await harm("iptables -t raw -A PREROUTING -s 198.18.0.1 -j DROP; nft add table inet theirs");
      const before = await state();
      await ask("outbound on", `add ${four}/32 -`, `add ${six}/128 60`);
      await harm("iptables -t raw -I PREROUTING 2 -i wan -j PORTCULLIS");

      const answer = await ask("remove-all");

      expect(answer.length).toBeGreaterThan(0);
      expect(answer.filter((line) => !line.startsWith("removed "))).toEqual([]);
      expect(await state()).toEqual(before);
      expect(await ask("remove-all")).toEqual([]);
      expect(await host.attacker.ping(four)).toBe(true);
    });
  },
);
