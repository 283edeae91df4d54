import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { aMinute, type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { inside, wipeAll } from "./fault-host.ts";
import { kernelOf } from "./fault-kernel.ts";
import { add, firewallOn, outcomesOf } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();

describe.skipIf(cannot !== null)(
  `faults of the host${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
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

    describe("its disk is full", () => {
      afterEach(() => inside(host, "umount /tmp; mount -o remount,size=50% /run; rm -f /run/filling"));

      test.each([
        ["and everything is in place", "true"],
        ["and everything has to be put in place again", "nft flush ruleset; ipset destroy"],
      ])("%s", async (_what, harm) => {
        const fill = "{ cat /dev/zero > $dir/filling || true; } 2>/dev/null";
        await inside(
          host,
          `mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs /tmp
           mount -o remount,size=8k /run
           for dir in /tmp /run; do ${fill}; done
           ! echo text > /run/another || ! echo text > /tmp/another`,
        );
        await host.exec("sh", "-c", harm);
        await desk.block("192.0.2.103/32");

        await desk.step(aMinute);

        expect(await desk.wrongAfterARound()).toEqual([]);
        await desk.lift("192.0.2.103/32");
        expect(await desk.wrongAfterARound()).toEqual([]);
      });
    });

    test("twenty controllers add at once, to a host where nothing of ours is: no block is lost, no jump is double", async () => {
      await wipeAll(host);
      const firewalls = Array.from({ length: 20 }, (_, n) => firewallOn(host, { name: `controller-${n}` }));
      onTestFinished(async () => {
        await Promise.all(firewalls.map((firewall) => firewall.close()));
      });

      const outcomes = await Promise.all(
        firewalls.map((firewall, n) =>
          outcomesOf(
            firewall,
            [1, 2, 3, 4, 5].flatMap((k) => [add(`61.0.${n}.${k}/32`), add(`2a01:${n}:${k}::/64`)]),
          ),
        ),
      );

      expect(outcomes.flat()).toEqual(Array.from({ length: 200 }, () => "verified"));
      const { entries, wrong } = await kernelOf(host, "sets");
      expect(wrong).toEqual([]);
      expect(entries.size).toBe(200);
      expect(await desk.wrongAfterARound()).toEqual([]);
    });
  },
);

describe.skipIf(cannot !== null)(
  `a host with iptables-legacy${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let desk: FaultDesk;

    beforeAll(async () => {
      host = await startFirewallHost({
        instead: { "/usr/sbin/xtables-nft-multi": "/usr/sbin/xtables-legacy-multi" },
      });
      desk = await openFaultDesk({ host, backend: "legacy", timeouts: { silenceMs: 12_000 } });
    });
    afterAll(async () => {
      await desk.close();
      await host.stop();
    });

    test("the xtables lock is held by another: said in words, and well when it is free", async () => {
      const holder = await holdLock(host);
      onTestFinished(() => {
        holder.kill("SIGKILL");
      });
      await desk.block("192.0.2.104/32");

      const outcomes = await outcomesOf(desk.firewall, [add("192.0.2.104/32", 3600)]);

      expect(outcomes.join()).toMatch(/^(applied|failed): .*lock/);
      holder.kill("SIGKILL");
      await once(holder, "exit");
      expect(await desk.wrongAfterARound()).toEqual([]);
    });

    test("every table is flushed", async () => {
      const { drifts } = await desk.record();
      await host.exec(
        "sh",
        "-c",
        "for t in iptables-legacy ip6tables-legacy; do $t -t raw -F; $t -t raw -X; done",
      );

      expect(await desk.wrongAfterARound()).toEqual([]);

      expect((await desk.record()).drifts).toBe(drifts + 1);
    });
  },
);

/** Another program on the host is busy with the tables. */
async function holdLock(host: FirewallHost): Promise<ChildProcess> {
  const [pid] = await host.sshdPids();
  const command = [
    "-t",
    `${pid}`,
    "-m",
    "-n",
    "flock",
    "--close",
    "/run/xtables.lock",
    "sh",
    "-c",
    "echo held; exec sleep 60",
  ];
  const holder = spawn("nsenter", command, { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  return holder;
}
