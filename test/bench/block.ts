import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { type FirewallHost, startFirewallHost, systemTestsPossible } from "../system/namespaces.ts";
import { apiKey, enforcingSettings, type PortcullisProcess, runPortcullis } from "../system/run-process.ts";
import { benchSettings } from "./bench-settings.ts";
import { seedBlocks } from "./seed-blocks.ts";

const trials = 20;
const token = "bench-token-bench-token";
const adminToken = "bench-admin-bench-admin-bench-admin";

/** Alert posted → first packet of the attacker dropped by a real kernel, with 0 and with 100,000 blocks standing. */
export async function benchBlock(print: (line: string) => void): Promise<void> {
  const obstacle = systemTestsPossible();
  if (obstacle !== null) {
    print(`Alert → drop: left out, this machine ${obstacle}`);
    return;
  }
  for (const standing of [0, 100_000]) {
    await benchWith(standing, print);
  }
}

async function benchWith(standing: number, print: (line: string) => void): Promise<void> {
  // One more than is measured: the first block finds a connection that is still being made.
  const attackers = Array.from({ length: trials + 1 }, (_, n) => `203.0.113.${100 + n}`);
  const host = await startFirewallHost({ attackers });
  const dir = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  const virusTotal = await startVirusTotal({
    apiKey,
    quota: { minute: 100_000, day: 1_000_000, month: 10_000_000 },
    addresses: Object.fromEntries(attackers.map((ip) => [ip, { malicious: 8 }])),
  });
  const abuseIpdb = await startAbuseIpdb({ apiKey, addresses: {} });
  mkdirSync(join(dir, "data"), { mode: 0o700 });
  await seedBlocks(join(dir, "data"), standing, []);
  writeFileSync(join(dir, "portcullis.yaml"), JSON.stringify(benchSettings));
  const startedAt = performance.now();
  const portcullis = runPortcullis(
    ["serve"],
    {
      ...enforcingSettings({
        dir,
        token,
        host,
        virusTotalUrl: virusTotal.url,
        abuseIpdbUrl: abuseIpdb.url,
      }),
      ADMIN_TOKEN: adminToken,
    },
    dir,
  );
  try {
    const base = await portcullis.listening;
    const url = `${base}/webhooks/splunk/${token}`;
    const listeningMs = performance.now() - startedAt;
    const atStart = memoryOf(portcullis);
    await untilInForce(host, standing);
    const inForceMs = performance.now() - startedAt;
    await untilInSync(base);
    const times: number[] = [];
    for (const attacker of attackers) {
      times.push(await timeToDrop(host, url, attacker));
    }
    const [cold = Number.NaN, ...warm] = times;
    warm.sort((a, b) => a - b);
    const at = (share: number): string =>
      (warm[Math.min(warm.length - 1, Math.floor(share * warm.length))] ?? Number.NaN).toFixed(1);
    const memory = memoryOf(portcullis);
    print(
      `Start with ${standing} blocks in the store: listening after ${listeningMs.toFixed(0)} ms with ${atStart.now} MB resident, all in force after ${(inForceMs / 1000).toFixed(1)} s; afterwards ${memory.now} MB, at most ${memory.most} MB`,
    );
    print(
      `Alert posted → first packet dropped, ${standing} blocks standing, real sshd and kernel, ${trials} trials: p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  (first block after the start ${cold.toFixed(1)} ms)`,
    );
  } finally {
    portcullis.child.kill("SIGTERM");
    await portcullis.ended;
    await Promise.all([virusTotal.stop(), abuseIpdb.stop()]);
    await host.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function untilInForce(host: FirewallHost, count: number): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const { stdout } = await host.exec("ipset", "list", "-t", "portcullis4");
    if (Number(/Number of entries: (\d+)/.exec(stdout)?.[1] ?? Number.NaN) >= count) {
      return;
    }
    if (performance.now() - startedAt > 60_000) {
      throw new Error(`${count} blocks were not in force within 60 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All is read back and on record. */
async function untilInSync(base: string): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const response = await fetch(`${base}/api/v1/firewalls`, {
      headers: { Authorization: `Bearer ${adminToken}` },
    });
    if (/"state":"in-sync"/.test(await response.text())) {
      return;
    }
    if (performance.now() - startedAt > 60_000) {
      throw new Error("the firewall was not in sync within 60 s");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Megabytes, as the kernel counts them. */
function memoryOf({ child }: PortcullisProcess): { readonly now: string; readonly most: string } {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const megabytes = (name: string): string =>
    (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN) / 1024).toFixed(0);
  return { now: megabytes("VmRSS"), most: megabytes("VmHWM") };
}

/** Milliseconds from the moment before the POST to the moment at which the first packet that gets no answer was sent. */
async function timeToDrop(host: FirewallHost, url: string, attacker: string): Promise<number> {
  if (!(await host.attacker.ping(attacker))) {
    throw new Error(`${attacker} gets no answer before it is blocked`);
  }
  const startedAt = performance.now();
  const posted = fetch(url, {
    method: "POST",
    body: JSON.stringify({
      sid: `1760000400.${attacker.split(".")[3] ?? ""}`,
      search_name: "bench",
      result: { src_ip: attacker },
    }),
  });
  for (;;) {
    const sentAt = performance.now();
    if (!(await host.attacker.ping(attacker))) {
      await (await posted).text();
      return sentAt - startedAt;
    }
    if (sentAt - startedAt > 10_000) {
      throw new Error(`${attacker} was not dropped within 10 s`);
    }
  }
}
