import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startTcpRelay, type TcpRelay } from "../fakes/tcp-relay.ts";
import { aMinute, type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { answers, killSshd, scriptsOn, signalAll, wipeAll } from "./fault-host.ts";
import { kernelOf } from "./fault-kernel.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();
const scriptBytes = statSync(
  join(import.meta.dirname, "../../src/enforce/iptables-ssh/portcullis-fw.sh"),
).size;

describe.skipIf(cannot !== null)(
  `faults of the line${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let relay: TcpRelay;
    let desk: FaultDesk;

    beforeAll(async () => {
      host = await startFirewallHost();
      relay = await startTcpRelay({ host: host.sshHost, port: host.sshPort });
      desk = await openFaultDesk({
        host,
        config: { host: "127.0.0.1", port: relay.port },
        timeouts: { connectMs: 1500, silenceMs: 1500 },
      });
    });
    beforeEach(() => {
      relay.passes = () => true;
    });
    afterAll(async () => {
      await desk.close();
      await relay.stop();
      await host.stop();
    });

    const networks = async () => [...(await kernelOf(host, "sets")).entries.keys()].sort();
    const unreachable = async () => {
      const record = await desk.record();
      expect(`${record.state}: ${record.error}`).toContain("unreachable: edge-1 (127.0.0.1:");
      expect(record.unreachableSince).not.toBeNull();
    };

    test("the link is down for a minute, while something is blocked and something lifted", async () => {
      const { drifts } = await desk.record();
      await host.exec("ip", "link", "set", "ctl", "down");
      await desk.block("203.0.113.11/32");
      await desk.lift("192.0.2.3/32");

      await desk.step();
      await unreachable();
      const since = (await desk.record()).unreachableSince;
      await desk.step(aMinute);

      expect((await desk.record()).unreachableSince).toEqual(since);
      await host.exec("ip", "link", "set", "ctl", "up");
      await eventually("an answer of the host", () => answers(host));
      await desk.lift("203.0.113.11/32");
      expect(await desk.wrongAfterARound()).toEqual([]);
      expect(await desk.record()).toMatchObject({ unreachableSince: null, drifts });
    });

    test("the line is dead when the request has arrived and its answer has not", async () => {
      await desk.block("192.0.2.100/32");
      relay.passes = (direction) => direction === "there";

      await desk.step();

      await unreachable();
      expect(await networks()).toContain("192.0.2.100/32");
      relay.passes = () => true;
      expect(await desk.wrongAfterARound()).toEqual([]);
    });

    test("the line is cut before the request arrives", async () => {
      await desk.block("192.0.2.101/32");
      relay.passes = (direction) => {
        if (direction === "there") {
          relay.cut();
        }
        return true;
      };

      await desk.step();

      await unreachable();
      expect(await networks()).not.toContain("192.0.2.101/32");
      relay.passes = () => true;
      expect(await desk.wrongAfterARound(1000)).toEqual([]);
    });

    test("the peer is frozen, and goes on later", async () => {
      const [pids, { drifts }] = [await host.sshdPids(), await desk.record()];
      signalAll(pids, "SIGSTOP");
      await desk.block("192.0.2.102/32");

      await desk.step();
      await unreachable();
      await desk.step(aMinute);

      expect((await desk.record()).error).toContain("no SSH handshake within 1500 ms");
      signalAll(pids, "SIGCONT");
      expect(await desk.wrongAfterARound()).toEqual([]);
      expect(await desk.record()).toMatchObject({ drifts });
    });

    test("a reboot: nothing of ours is left, and sshd is a new one", async () => {
      const { drifts } = await desk.record();
      await killSshd(host);
      await wipeAll(host);
      await desk.step(aMinute);
      await unreachable();

      await host.startSshd();
      expect(await desk.wrongAfterARound()).toEqual([]);

      expect(await desk.record()).toMatchObject({ drifts: drifts + 1 });
    });

    test("sshd is killed in the middle of a large batch: what stood stays, and the rest comes later", async () => {
      for (let n = 0; n < 1200; n += 1) {
        await desk.block(`2a05:1234:5678:9abc:def0:1234:5678:${(n + 4096).toString(16)}/128`);
      }
      expect(await desk.wrongAfterARound()).toEqual([]);
      const stood = await networks();
      // By this clock every block ends at another time: all is sent anew.
      desk.jump(-3_600_000);
      let bytes = 0;
      relay.passes = (direction, piece) => {
        bytes += direction === "there" ? piece.length : 0;
        // One SSH packet of 32 KiB arrives as a whole and reaches the script, the next one never will.
        const isInTheMiddle = bytes > scriptBytes + 40_000;
        if (isInTheMiddle) {
          setTimeout(() => void killSshd(host), 100);
        }
        return !isInTheMiddle;
      };

      await desk.step(aMinute);

      await unreachable();
      expect(bytes).toBeGreaterThan(scriptBytes + 40_000);
      await eventually("the end of the script", async () => (await scriptsOn(host)).length === 0);
      expect(await networks()).toEqual(stood);
      relay.passes = () => true;
      await host.startSshd();
      expect(await desk.wrongAfterARound()).toEqual([]);
    });
  },
);
