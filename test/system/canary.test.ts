import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { eventually } from "../fakes/eventually.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { apiKey, enforcingSettings, type PortcullisProcess, runPortcullis } from "./run-process.ts";

const skipped = skipSystemTests();
const token = "canary-token-canary-token";
const [good, bad] = ["203.0.113.11", "203.0.113.12"];

describe.skipIf(skipped !== null)("a canary and another firewall, both real", () => {
  let canary: FirewallHost;
  let other: FirewallHost;
  let dir: string;
  let portcullis: PortcullisProcess;
  let url: string;
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    [canary, other] = await Promise.all([startFirewallHost(), startFirewallHost()]);
    dir = mkdtempSync(join(tmpdir(), "portcullis-canary-"));
    const addresses = { [good]: { malicious: 8 }, [bad]: { malicious: 8 } };
    const virusTotal = await startVirusTotal({ apiKey, addresses });
    const abuseIpdb = await startAbuseIpdb({ apiKey, addresses: {} });
    stops.push(
      () => virusTotal.stop(),
      () => abuseIpdb.stop(),
    );
    const { SSH_HOST: _host, ...settings } = enforcingSettings({
      dir,
      token,
      host: canary,
      virusTotalUrl: virusTotal.url,
      abuseIpdbUrl: abuseIpdb.url,
    });
    writeFileSync(join(dir, "portcullis.yaml"), fleetOf(dir, canary, other));
    const kept = Object.entries(settings).filter(([name]) => !name.startsWith("SSH_"));
    portcullis = runPortcullis(["serve"], Object.fromEntries(kept), dir);
    url = await portcullis.listening;
  });
  afterAll(async () => {
    portcullis.child.kill("SIGTERM");
    await portcullis.ended;
    await Promise.all([...stops.map((stop) => stop()), canary.stop(), other.stop()]);
    rmSync(dir, { recursive: true, force: true });
  });

  const alert = (attacker: string): Promise<Response> =>
    fetch(`${url}/webhooks/splunk/${token}`, {
      method: "POST",
      body: JSON.stringify({ sid: `s.${attacker}`, search_name: "x", result: { src_ip: attacker } }),
    });
  const isBlockedOn = async (host: FirewallHost, address: string): Promise<boolean> =>
    (await host.exec("ipset", "test", "portcullis4", address)).code === 0;

  test("a block that does no harm is on both", async () => {
    await alert(good);

    const isOnBoth = async (): Promise<boolean> =>
      (await isBlockedOn(canary, good)) && (await isBlockedOn(other, good));
    expect(await eventually("the block on both", isOnBoth, 20_000)).toBe(true);
  });

  test("one after which the canary reaches its gateway no more is taken off, and goes nowhere", async () => {
    // What a wrong block does to a host whose way out leads over that address.
    const watcher = `while sleep 0.02; do ipset test portcullis4 ${bad} 2>/dev/null && ip link set wan down && exit; done`;
    const watching = canary.exec("timeout", "30", "sh", "-c", watcher);
    await alert(bad);
    await watching;

    const said = (): boolean =>
      (portcullis.out() + portcullis.err()).includes("new blocks were taken off the canary again");
    await eventually("the log of the withdrawal", said, 30_000);
    expect(await isBlockedOn(canary, bad)).toBe(false);
    expect(await isBlockedOn(other, bad)).toBe(false);
    expect(await isBlockedOn(other, good)).toBe(true);
  }, 60_000);
});

function fleetOf(dir: string, canary: FirewallHost, other: FirewallHost): string {
  const firewalls = [canary, other].map((host, n) => {
    const privateKeyFile = join(dir, `key_${n}`);
    writeFileSync(privateKeyFile, host.privateKey ?? "", { mode: 0o600 });
    const { sshHost, sshPort, user, hostKey } = host;
    return {
      name: `edge-${n}`,
      host: sshHost,
      port: sshPort,
      user,
      privateKeyFile,
      hostKey,
      canary: host === canary,
    };
  });
  return JSON.stringify({ firewalls });
}
