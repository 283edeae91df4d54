import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { eventually } from "../fakes/eventually.ts";
import { startTcpRelay, type TcpRelay } from "../fakes/tcp-relay.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import type { Status } from "../../src/operate/status.ts";
import { kernelOf } from "./fault-kernel.ts";
import { protectedSources, type Watch, watchProtected } from "./fault-watch.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { apiKey, enforcingSettings, type PortcullisProcess, runPortcullis } from "./run-process.ts";

const cannot = skipSystemTests();
const token = "fault-test-token-1234";
const adminToken = "fault-admin-token-1234567890abcdef";
const alert = readFileSync(join(import.meta.dirname, "../fixtures/splunk/scheduled.json"), "utf8");

/** Calls `kill` at some moment of what goes over the line to the firewall. */
type Moment = (relay: TcpRelay, kill: () => void) => void;

/** While it starts, connects and brings in line what was not. */
const cold: Readonly<Record<string, Moment>> = {
  "with the first byte to the firewall": (relay, kill) => {
    relay.passes = () => (kill(), false);
  },
  "while the script is on its way": (relay, kill) => {
    let bytes = 0;
    relay.passes = (direction, piece) => {
      bytes += direction === "there" ? piece.length : 0;
      return bytes < 15_000 || (kill(), false);
    };
  },
  "when the firewall has been read": (relay, kill) => {
    let [bytes, answers] = [0, 0];
    relay.passes = (direction, piece) => {
      bytes += direction === "there" ? piece.length : 0;
      answers += direction === "back" && bytes > 15_000 ? 1 : 0;
      return answers < 3 || (kill(), true);
    };
  },
};

/** While it puts one new block on a firewall that was in line. */
const warm: Readonly<Record<string, Moment>> = {
  "when the change is on its way, and never arrives": (relay, kill) => {
    relay.passes = (direction) => direction === "back" || (kill(), false);
  },
  "when the change has been made, and its answer is on the way": (relay, kill) => {
    relay.passes = (direction) => direction === "there" || (kill(), false);
  },
  "when the answer is there, and is to be recorded": (relay, kill) => {
    relay.passes = (direction) => {
      if (direction === "back") {
        setTimeout(kill, 1);
      }
      return true;
    };
  },
};

describe.skipIf(cannot !== null)(
  `kill -9 of Portcullis${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    const blocked: string[] = [];
    let host: FirewallHost;
    let relay: TcpRelay;
    let watch: Watch;
    let running: PortcullisProcess;
    let env: Readonly<Record<string, string>>;
    let dir: string;
    let startedAt = 0;
    const stops: (() => unknown)[] = [];

    beforeAll(async () => {
      const addresses = Array.from({ length: 20 }, (_, n) => `203.0.113.${60 + n}`).concat(protectedSources);
      host = await startFirewallHost();
      relay = await startTcpRelay({ host: host.sshHost, port: host.sshPort });
      watch = await watchProtected(host);
      dir = mkdtempSync(join(tmpdir(), "portcullis-kill-"));
      const bad = { malicious: 8, harmless: 60 };
      const virusTotal = await startVirusTotal({
        apiKey,
        addresses: Object.fromEntries(addresses.map((a) => [a, bad])),
      });
      const abuseIpdb = await startAbuseIpdb({ apiKey, addresses: {} });
      const urls = { virusTotalUrl: virusTotal.url, abuseIpdbUrl: abuseIpdb.url };
      env = {
        ...enforcingSettings({ dir, token, host, ...urls }),
        SSH_HOST: "127.0.0.1",
        SSH_PORT: `${relay.port}`,
        ADMIN_TOKEN: adminToken,
        ALLOWLIST: protectedSources.slice(1).join(),
      };
      stops.push(
        () => running.child.kill("SIGKILL"),
        () => running.ended,
        () => relay.stop(),
        () => virusTotal.stop(),
        () => abuseIpdb.stop(),
        () => host.stop(),
        () => {
          rmSync(dir, { recursive: true, force: true });
        },
      );
    });
    afterAll(async () => {
      for (const stop of stops) {
        await stop();
      }
    });

    const start = (): PortcullisProcess => {
      startedAt = Date.now();
      running = runPortcullis(["serve"], env, dir);
      return running;
    };
    const post = async (address: string): Promise<void> => {
      const body = alert.replaceAll("203.0.113.45", address).replaceAll("_1234", `_${address}`);
      const url = `${await running.listening}/webhooks/splunk/${token}`;
      expect((await fetch(url, { method: "POST", body })).status).toBe(202);
    };
    const nextAddress = (): string => {
      const address = `203.0.113.${60 + blocked.length}`;
      blocked.push(`${address}/32`);
      return address;
    };
    const status = async (): Promise<Status> => {
      const answer = await fetch(`${await running.listening}/api/v1/status`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own API
      return (await answer.json()) as Status;
    };
    const inLine = async () =>
      eventually("a firewall in line", async () => {
        const { firewalls, counts } = await status();
        const [firewall] = firewalls;
        const isDone = counts.enforcementsPending + counts.alertsWaiting + counts.sightingsWaiting === 0;
        const isNews = Date.parse(String(firewall?.checkedAt)) > startedAt;
        return isDone && isNews && firewall?.state === "in-sync";
      });
    const networks = async () => [...(await kernelOf(host, "sets")).entries.keys()].sort();
    const expectAllInForce = async (): Promise<void> => {
      const { wrong } = await kernelOf(host, "sets");
      expect(wrong).toEqual([]);
      expect(await networks()).toEqual([...blocked].sort());
      expect(await watch.report()).toMatchObject({ lost: 0 });
    };

    beforeAll(async () => {
      start();
      await post(nextAddress());
    });

    test.each([...Object.entries(warm), ...Object.entries(cold)])(
      "%s: nothing that stood goes, and the next start brings all in force",
      async (what, moment) => {
        await inLine();
        await expectAllInForce();
        const stood = await networks();
        const kill = (): void => {
          running.child.kill("SIGKILL");
        };

        if (what in cold) {
          running.child.kill("SIGKILL");
          await running.ended;
          await host.exec("sh", "-c", "nft flush ruleset; ipset flush");
          moment(relay, kill);
          start();
        } else {
          moment(relay, kill);
          await post(nextAddress());
        }

        expect(await running.ended).toBe("SIGKILL");
        const stands = await networks();
        expect(stood.filter((network) => what in warm && !stands.includes(network))).toEqual([]);
        relay.passes = () => true;
        start();
        await inLine();
        await expectAllInForce();
      },
    );

    test("in the end each alert has led to one block, and none to one of a protected address", async () => {
      await post(protectedSources[1]);
      await inLine();

      expect((await status()).counts).toMatchObject({
        decisions: { block: blocked.length },
        blocksStanding: blocked.length,
        alertsFailed: 0,
        sightingsFailed: 0,
      });
      await expectAllInForce();
    });
  },
);
