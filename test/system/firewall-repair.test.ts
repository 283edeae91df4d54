import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createReconciler } from "../../src/enforce/reconciler.ts";
import type { Firewall, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { ip, prefix, recordOf, sampleDecision } from "../fakes/samples.ts";
import { firewallOn, running, wipe } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { silentLog } from "../fakes/silent-log.ts";

const cannot = skipSystemTests();

describe.skipIf(cannot !== null)(
  `a firewall that is brought in line${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let firewall: Firewall;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    beforeEach(async () => {
      await wipe(host);
      firewall = firewallOn(host);
    });
    afterEach(() => firewall.close());
    afterAll(() => host.stop());
    let store: Store;

    beforeEach(async () => {
      store = await openStore({ databaseUrl: "sqlite::memory:" });
    });
    afterEach(() => store.close());

    const reconcilerOf = (elapsed: { ms: number }) =>
      createReconciler({
        firewall,
        store,
        holder: "here-1",
        log: silentLog,
        now: () => new Date(),
        elapsedMs: () => elapsed.ms,
        protectedReason: () => null,
        isFor: () => true,
        isCanary: false,
        waitsFor: () => Promise.resolve(undefined),
        liftsOnly: false,
      });
    const block = (address: string) =>
      store.recordDecision(
        recordOf(
          sampleDecision(`de_${address}`, {
            ip: ip(address),
            decidedAt: new Date(),
            expiresAt: new Date(Date.now() + 600_000),
          }),
          { firewalls: ["edge-1"] },
        ),
      );

    test.each([
      ["the raw table is flushed", "iptables -t raw -F; iptables -t raw -X; ip6tables -t raw -F"],
      ["everything of ours is gone", "iptables -t raw -F; iptables -t raw -X; ipset destroy portcullis4"],
      ["the set is emptied", "ipset flush portcullis4"],
      ["the set has another name", "iptables -t raw -F; ipset rename portcullis4 gone"],
      ["somebody adds a network", "ipset add portcullis4 203.0.113.12 timeout 0"],
      ["somebody exempts the attacker", "ipset -exist add portcullis4 203.0.113.10/32 timeout 99 nomatch"],
      ["somebody accepts first", "iptables -t raw -I PREROUTING 1 -j ACCEPT"],
    ])("when %s, the next look at everything puts it right", async (_what, harm) => {
      const elapsed = { ms: 0 };
      const reconciler = reconcilerOf(elapsed);
      await block("203.0.113.10");
      await block("203.0.113.11");
      await reconciler.step(running);
      expect(await host.attacker.ping("203.0.113.10")).toBe(false);
      await host.exec("sh", "-c", harm);
      elapsed.ms += 61_000;

      await reconciler.step(running);

      expect(await host.attacker.ping("203.0.113.10")).toBe(false);
      expect(await host.attacker.ping("203.0.113.11")).toBe(false);
      expect(await host.attacker.ping("203.0.113.12")).toBe(true);
      const { faults, entries } = await firewall.read(running);
      expect(faults).toEqual([]);
      expect([...entries.keys()].sort()).toEqual([prefix("203.0.113.10/32"), prefix("203.0.113.11/32")]);
      expect(await store.firewalls()).toMatchObject([{ state: "in-sync" }]);
    });

    test("a host that went away is brought in line when it is back", async () => {
      const elapsed = { ms: 0 };
      const reconciler = reconcilerOf(elapsed);
      await reconciler.step(running);
      for (const pid of await host.sshdPids()) {
        process.kill(pid, "SIGKILL");
      }
      await host.exec("sh", "-c", "iptables -t raw -F; ipset flush");
      await block("203.0.113.10");
      await reconciler.step(running);
      const [away] = await store.firewalls();
      expect(away?.state).toBe("unreachable");
      expect(away?.error).toContain(host.sshHost);

      await host.startSshd();
      elapsed.ms += 60_000;
      await reconciler.step(running);

      expect(await host.attacker.ping()).toBe(false);
      expect(await store.firewalls()).toMatchObject([{ state: "in-sync" }]);
    });

    test("a wake, a block: the packets stop within a second of the request", async () => {
      const reconciler = reconcilerOf({ ms: 0 });
      await reconciler.step(running);
      await block("203.0.113.10");
      const start = performance.now();

      await reconciler.step(running);

      expect(performance.now() - start).toBeLessThan(1000);
      expect(await host.attacker.ping()).toBe(false);
    });
  },
);
