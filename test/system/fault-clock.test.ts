import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { running } from "./firewall-desk.ts";
import { aMinute, type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { wipeAll } from "./fault-host.ts";
import { kernelOf, without } from "./fault-kernel.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();
const hourMs = 3_600_000;
const fiveMinutes = 300_000;

describe.skipIf(cannot !== null)(
  `clocks that jump${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let desk: FaultDesk;

    describe("where Portcullis runs", () => {
      beforeAll(async () => {
        host = await startFirewallHost();
      });
      beforeEach(async () => {
        await wipeAll(host);
        desk = await openFaultDesk({ host });
      });
      afterEach(() => desk.close());
      afterAll(() => host.stop());

      test.each([
        ["half an hour ahead and back", [0.5, -0.5]],
        ["years back and ahead", [-20_000, 20_000]],
      ])("%s: each time the ends are put right, and nothing is lost", async (_what, jumps) => {
        for (const hours of jumps) {
          desk.jump(hours * hourMs);
          await desk.block(`192.0.2.${100 + (hours > 0 ? 1 : 2)}/32`);
          await desk.step(aMinute);
          desk.pass(fiveMinutes);

          expect(await desk.wrongAfterARound()).toEqual([]);
        }
      });

      test("two hours ahead: what has ended by that clock alone is taken off after five minutes, not before", async () => {
        await desk.block("192.0.2.105/32", 5 * 3600);
        await desk.block("203.0.113.10/31", 5 * 3600);
        await desk.block("2001:db8:77::/48", 5 * 3600);
        await desk.step(aMinute);
        const standing = (await desk.firewall.read(running)).entries.size;
        desk.jump(2 * hourMs);

        await desk.step(aMinute);
        expect((await desk.firewall.read(running)).entries.size).toBe(standing);
        desk.pass(fiveMinutes);
        await desk.step(aMinute);

        const { entries } = await desk.firewall.read(running);
        expect([...entries.keys()].sort()).toEqual(["192.0.2.105/32", "2001:db8:77::/48", "203.0.113.10/31"]);
      });
    });

    describe("on a host that keeps the ends in rules", () => {
      let dir: string;
      const setDate = (aheadSeconds: number): void => {
        writeFileSync(join(dir, "ahead"), `${aheadSeconds}`);
      };

      beforeAll(async () => {
        dir = mkdtempSync(join(tmpdir(), "portcullis-clock-"));
        setDate(0);
        const date = join(dir, "date");
        const busybox = "/usr/bin/busybox date";
        writeFileSync(
          date,
          `#!/bin/sh\nexec ${busybox} -d @$(($(${busybox} +%s) + $(cat ${dir}/ahead))) "$@"\n`,
          {
            mode: 0o755,
          },
        );
        host = await startFirewallHost({ without: without.rules, instead: { "/usr/bin/date": date } });
        desk = await openFaultDesk({ host, backend: "rules" });
      });
      afterAll(async () => {
        await desk.close();
        await host.stop();
        rmSync(dir, { recursive: true });
      });

      test("ahead and back: nothing is let out meanwhile, and one round later every end is right", async () => {
        setDate(2 * 3600);
        await desk.step(aMinute);
        expect(await host.attacker.ping()).toBe(false);
        const { entries } = await kernelOf(host, "rules");
        expect(entries.get("203.0.113.10/32")).toBeGreaterThan(2 * 3600);
        expect(await desk.record()).toMatchObject({ state: "in-sync" });

        setDate(0);

        expect(await desk.wrongAfterARound()).toEqual([]);
      });
    });
  },
);
