import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ip, prefix } from "../fakes/samples.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { type SshFirewall, startSshFirewall } from "../fakes/ssh-firewall.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { apiKey, runPortcullis } from "../system/run-process.ts";
import { benchSettings } from "./bench-settings.ts";

const token = "bench-token-bench-token";
const size = 100;
const hanging = 10;
const trials = 10;

/** One new block on 100 firewalls (stand-ins behind real SSH), of which ten take requests and never answer. */
export async function benchFleet(print: (line: string) => void): Promise<void> {
  const hosts = await Promise.all(Array.from({ length: size }, () => startSshFirewall()));
  const attackers = Array.from({ length: trials }, (_, n) => ip(`203.0.113.${100 + n}`));
  const virusTotal = await startVirusTotal({
    apiKey,
    quota: { minute: 100_000, day: 1_000_000, month: 10_000_000 },
    addresses: Object.fromEntries(attackers.map((attacker) => [attacker, { malicious: 8 }])),
  });
  const abuseIpdb = await startAbuseIpdb({ apiKey, addresses: {} });
  const dir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  writeFileSync(join(dir, "portcullis.yaml"), fleetOf(hosts));
  const portcullis = runPortcullis(
    ["serve"],
    {
      HOST: "127.0.0.1",
      PORT: "0",
      MODE: "enforce",
      WEBHOOK_TOKEN: token,
      ALLOW_DOCUMENTATION_ADDRESSES: "true",
      VIRUSTOTAL_API_KEY: apiKey,
      VIRUSTOTAL_URL: virusTotal.url,
      ABUSEIPDB_API_KEY: apiKey,
      ABUSEIPDB_URL: abuseIpdb.url,
    },
    dir,
  );
  try {
    const url = `${await portcullis.listening}/webhooks/splunk/${token}`;
    await until(() => hosts.every(({ counts }) => counts.requests > 0));
    for (const { misbehave } of hosts.slice(0, hanging)) {
      misbehave.hang = true;
    }
    const healthy = hosts.slice(hanging);
    const times: number[] = [];
    for (const attacker of attackers) {
      const startedAt = performance.now();
      await post(url, attacker);
      await until(() => healthy.every((host) => host.entries().has(prefix(`${attacker}/32`))));
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    print(
      `One alert → on all ${healthy.length} healthy of ${size} firewalls (SSH stand-ins in one process) while ${hanging} hang, ${trials} trials: median ${ms(times[trials / 2])}, slowest ${ms(times.at(-1))}`,
    );
  } finally {
    portcullis.child.kill("SIGTERM");
    await portcullis.ended;
    await Promise.all([virusTotal.stop(), abuseIpdb.stop(), ...hosts.map((host) => host.stop())]);
    rmSync(dir, { recursive: true, force: true });
  }
}

function fleetOf(hosts: readonly SshFirewall[]): string {
  const firewalls = hosts.map(({ host, port, hostKey }, n) => ({
    name: `edge-${n}`,
    host,
    port,
    user: "root",
    password: "secret",
    hostKey,
  }));
  return JSON.stringify({ ...benchSettings, firewalls });
}

async function post(url: string, attacker: string): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify({
      sid: `1760000400.${attacker}`,
      search_name: "bench",
      result: { src_ip: attacker },
    }),
  });
  await response.text();
}

async function until(isSo: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAt > 60_000) {
      throw new Error("the fleet did not get there within 60 s");
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function ms(time = Number.NaN): string {
  return `${time.toFixed(0)} ms`;
}
