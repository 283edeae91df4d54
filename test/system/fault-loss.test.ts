import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTcpRelay, type TcpRelay } from "../fakes/tcp-relay.ts";
import { type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();

/** Between here and the host: forwards by NAT, and loses a share of the packets in both directions. */
interface Middle {
  readonly address: string;
  lose(share: number): void;
  /** Packets lost so far. */
  lost(): number;
  stop(): void;
}

function startMiddle(host: FirewallHost): Middle {
  const name = host.namespace.replace(/f$/, "m");
  const link = `pm${process.pid}`;
  const net = (process.pid % 16_384) * 4;
  const [ours, near] = [1, 2].map((n) => `10.202.${net >> 8}.${(net & 255) + n}`);
  const [far, theirs] = ["10.203.0.1", "10.203.0.2"];
  const ip = (...words: readonly string[]): void => {
    const { status, stderr } = spawnSync("ip", words, { encoding: "utf8" });
    if (status !== 0) {
      throw new Error(`ip ${words.join(" ")}: ${stderr}`);
    }
  };
  const iptables = (words: string): string =>
    spawnSync("ip", ["netns", "exec", name, "iptables", ...words.split(" ")], { encoding: "utf8" }).stdout;
  ip("netns", "add", name);
  ip("link", "add", link, "type", "veth", "peer", "name", "near", "netns", name);
  ip("addr", "add", `${ours}/30`, "dev", link);
  ip("link", "set", link, "up");
  ip("-n", name, "addr", "add", `${near}/30`, "dev", "near");
  ip("-n", name, "link", "set", "near", "up");
  ip("-n", name, "link", "add", "far", "type", "veth", "peer", "name", "mid", "netns", host.namespace);
  ip("-n", name, "addr", "add", `${far}/30`, "dev", "far");
  ip("-n", name, "link", "set", "far", "up");
  ip("-n", host.namespace, "addr", "add", `${theirs}/30`, "dev", "mid");
  ip("-n", host.namespace, "link", "set", "mid", "up");
  ip("-n", name, "route", "add", host.sshHost, "via", theirs);
  ip("netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  iptables(`-t nat -A PREROUTING -i near -p tcp -j DNAT --to ${host.sshHost}`);
  iptables("-t nat -A POSTROUTING -j MASQUERADE");
  return {
    address: near ?? "",
    lose(share) {
      iptables(`-A FORWARD -m statistic --mode random --probability ${share} -j DROP`);
    },
    lost: () => Number(/^\s*(\d+) .* DROP /m.exec(iptables("-nvxL FORWARD"))?.[1]),
    stop() {
      spawnSync("ip", ["netns", "del", name]);
      spawnSync("ip", ["link", "del", link]);
    },
  };
}

describe.skipIf(cannot !== null)(
  `a line that loses and delays${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let middle: Middle;
    let relay: TcpRelay;
    let desk: FaultDesk;

    beforeAll(async () => {
      host = await startFirewallHost();
      middle = startMiddle(host);
      relay = await startTcpRelay({ host: middle.address, port: host.sshPort });
      desk = await openFaultDesk({
        host,
        config: { host: "127.0.0.1", port: relay.port },
        // One packet may be lost many times in a row, and waits twice as long each time.
        timeouts: { connectMs: 40_000, silenceMs: 40_000 },
      });
    });
    afterAll(async () => {
      await desk.close();
      await relay.stop();
      middle.stop();
      await host.stop();
    });

    test("one packet in seven is lost and answers take half a second: the host is in line after one round all the same", async () => {
      relay.cut();
      middle.lose(0.15);
      relay.delayMs = 250;
      await host.exec("sh", "-c", "nft flush ruleset; ipset flush");
      await desk.block("192.0.2.106/32");

      expect(await desk.wrongAfterARound()).toEqual([]);

      expect(middle.lost()).toBeGreaterThan(0);
      expect((await desk.record()).drifts).toBe(1);
    }, 120_000);
  },
);
