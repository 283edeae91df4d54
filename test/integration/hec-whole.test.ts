import { afterEach, describe, expect, test } from "vitest";
import { createEdges } from "../../src/app.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { eventually } from "../fakes/eventually.ts";
import { startProviderApp } from "../fakes/provider-app.ts";
import { ip } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import { hecNotifier, hecServer } from "./hec-desk.ts";
import { MemoryFirewall, temporaryDir } from "./run-app.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

const attacker = "198.51.100.7";

describe("the whole program", () => {
  test("tells Splunk the story of a block, and is not held up while Splunk is silent", async () => {
    const apiKey = "key";
    const virusTotal = await startVirusTotal({
      apiKey,
      addresses: { [attacker]: { malicious: 9, harmless: 60, country: "NL", asOwner: "Example Ltd" } },
    });
    const abuseIpdb = await startAbuseIpdb({
      apiKey,
      addresses: { [attacker]: { score: 97, reports: 90, reporters: 30 } },
    });
    cleanups.push(
      () => virusTotal.stop(),
      () => abuseIpdb.stop(),
    );
    const hec = await hecServer();
    const told = (kind: string) =>
      hec.indexed.flatMap(({ event }) => (event["kind"] === kind ? [event] : []));
    hec.failNext({ kind: "silent" });
    const firewall = new MemoryFirewall();
    const app = await startProviderApp({
      dir: temporaryDir(),
      env: {
        MODE: "enforce",
        VIRUSTOTAL_API_KEY: apiKey,
        VIRUSTOTAL_URL: virusTotal.url,
        ABUSEIPDB_API_KEY: apiKey,
        ABUSEIPDB_URL: abuseIpdb.url,
        SSH_HOST: firewall.name,
        SSH_USER: "root",
        SSH_PASSWORD: "unused",
        SSH_HOST_KEY: `SHA256:${"A".repeat(43)}`,
      },
      now: () => new Date(),
      firewalls: [firewall],
      eventNotifiers: [hecNotifier(hec, {}, { timeoutMs: 1500 })],
    });
    cleanups.push(() => app.app.stop());
    await eventually("a request that is never answered", () => hec.requests.length === 1);

    await app.post(attacker);
    await eventually("the block", () => firewall.entries.size === 1);
    expect(hec.indexed).toEqual([]);

    await eventually("the block told", () => told("block").length === 2, 30_000);
    expect(told("block").map(({ change }) => change)).toEqual(["decided", "verified"]);
    expect(told("block")[1]).toMatchObject({ firewall: firewall.name, src_ip: attacker });
    expect(told("block")[1]?.["seconds_to_verified"]).toBeLessThan(10);
    expect(told("decision")).toMatchObject([
      {
        decision: "block",
        src_ip: attacker,
        search_name: "SSH brute force",
        country: "NL",
        as_owner: "Example Ltd",
        virustotal_malicious: 9,
        abuseipdb_score: 97,
      },
    ]);
    expect(told("status")).toMatchObject([{ mode: "enforce" }]);
    expect(told("provider").map(({ provider }) => provider)).toContain("virustotal");

    expect(told("firewall")[0]).toMatchObject({ firewall: firewall.name, in_sync: true });
  });
});

describe("settings", () => {
  async function edgesFor(env: Readonly<Record<string, string>>) {
    const dir = temporaryDir();
    const { config } = await loadConfig({
      env: { DATA_DIR: dir, ALLOW_DOCUMENTATION_ADDRESSES: "true", ...env },
      cwd: dir,
      hostname: "test",
      defaults: { policy: defaultPolicy, extract: defaultExtract },
      policyVersion,
    });
    const offline = { ...config, lists: { spamhausUrl: null, abuseipdbBlacklist: false } };
    const edges = await createEdges(offline, { version: "test", hostname: "test" }, silentLog);
    cleanups.push(() => edges.store.close());
    return edges;
  }

  test("without the event collector there is no channel for events", async () => {
    expect((await edgesFor({})).eventNotifiers).toEqual([]);
  });

  test("with it the channel is not one to people, and its host can't be blocked", async () => {
    const edges = await edgesFor({ SPLUNK_HEC_URL: `https://${attacker}:8088`, SPLUNK_HEC_TOKEN: "t" });
    await edges.guard.refresh();

    expect(edges.notifiers).toEqual([]);
    expect(edges.eventNotifiers.map(({ channel }) => channel)).toEqual(["hec"]);
    expect(edges.guard.protectedReason(ip(attacker))).toContain("Splunk's event collector");
  });
});
