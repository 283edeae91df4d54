import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { createConfigDesk, defaults, least, ruleOf, versionOf } from "./config-desk.ts";
import { newKeyPair } from "../fakes/ssh-key.ts";

const desk = createConfigDesk();

async function load(yaml: string, env: Record<string, string> = {}): Promise<Config> {
  desk.put("portcullis.yaml", yaml);
  return (await desk.load(env)).config;
}

test("every section reaches the configuration", async () => {
  const { private: key } = newKeyPair();
  desk.put("id", key);
  desk.put("pw", "s3cret\n");
  desk.put("known", "fw2 ssh-ed25519 AAAA\n");
  const pins = ["A", "B"].map((letter) => `SHA256:${letter.repeat(43)}`);

  const config = await load(
    `
policy:
  block:
    - virustotal: { malicious: 2, suspicious: 1 }
      abuseipdb: { score: 50 }
  hold: []
  duration: 90d
  aggregate: { ipv4Neighbours: 4, ipv6: 64 }
  holdFor: 90s
  grace: 0s
extract:
  fields: [attacker, "values(src_ip)"]
  otherFields: false
  countFields: [n]
  severityFields: [level]
findings: { keep: 30m }
allowlist: [192.0.2.0/24, 2001:db8::/32, 192.0.2.0/24]
firewalls:
  - { name: edge-1, host: fw1, port: 2222, user: root, passwordFile: pw, hostKeys: ["${pins.join('", "')}"] }
  - host: 2001:db8::5
    user: guard
    privateKeyFile: id
    knownHostsFile: known
  - { host: FW_3, user: root, via: sudo, password: "p w", hostKey: "${pins[0] ?? ""}" }
`,
    { ALLOWLIST: "198.51.100.1" },
  );

  const rule = ruleOf(
    least("virustotal", "malicious", 2),
    least("virustotal", "suspicious", 1),
    least("abuseipdb", "score", 50),
  );
  expect(config.policy).toMatchObject({
    block: [rule],
    hold: [],
    aggregate: { ipv4Neighbours: 4, ipv6Length: 64 },
    blockSeconds: [7_776_000],
    holdSeconds: 90,
    graceSeconds: 0,
  });
  expect(JSON.parse(config.policy.version)).toMatchObject({ block: [rule], blockSeconds: [7_776_000] });
  expect(config.extract).toEqual({
    fields: ["attacker", "values(src_ip)"],
    otherFields: false,
    neverFields: ["dest*"],
    countFields: ["n"],
    severityFields: ["level"],
  });
  expect(config.findings).toEqual({ known: 1800, unknown: 1800, failed: 900 });
  expect(config.allowlist.map(({ prefix }) => prefix)).toEqual([
    "198.51.100.1/32",
    "192.0.2.0/24",
    "2001:db8::/32",
  ]);
  const none = {
    password: null,
    privateKey: null,
    agent: null,
    hostKeys: [],
    knownHosts: null,
    port: 22,
    jump: null,
    groups: [],
    isCanary: false,
    blocksOutbound: false,
    isEnabled: true,
  };
  expect(config.firewalls).toEqual([
    {
      ...none,
      name: "edge-1",
      host: "fw1",
      port: 2222,
      user: "root",
      password: "s3cret",
      hostKeys: pins,
      via: "root",
    },
    {
      ...none,
      name: "2001-db8--5",
      host: "2001:db8::5",
      user: "guard",
      privateKey: key,
      knownHosts: "fw2 ssh-ed25519 AAAA\n",
      via: "sudo",
    },
    { ...none, name: "fw-3", host: "FW_3", user: "root", password: "p w", hostKeys: [pins[0]], via: "sudo" },
  ]);
});

test.each(["", "# nothing yet\n", "policy:\nfirewalls:\n", "{}"])(
  "a file that sets nothing (%j) changes nothing",
  async (yaml) => {
    const config = await load(yaml);

    expect(config.policy).toEqual({ ...defaults.policy, version: versionOf(defaults.policy) });
    expect(config.firewalls).toEqual([]);
  },
);

test("CONFIG_FILE names another file, and paths in it start at its directory", async () => {
  mkdirSync(join(desk.cwd(), "etc"));
  desk.put("etc/pw", "s3cret");
  desk.put("etc/other.yaml", "firewalls: [{ host: fw, user: root, passwordFile: pw }]");

  const config = await load("unknown: true", { CONFIG_FILE: "etc/other.yaml" });

  expect(config.firewalls[0]?.password).toBe("s3cret");
});

test("a fleet: jump host, agent, helper, groups, canary, outbound, disabled, and searches for groups", async () => {
  const pin = `SHA256:${"A".repeat(43)}`;
  desk.put("jump-pw", "s3cret\n");

  const { firewalls, searches, policy } = await load(
    `
policy: { duration: permanent }
firewalls:
  - name: edge-1
    host: 10.0.0.1
    user: portcullis
    agent: true
    via: helper
    hostKey: "${pin}"
    jump: { host: bastion, port: 2222, user: jumper, passwordFile: jump-pw, hostKeys: ["${pin}"] }
    groups: [edge, dmz, edge]
    canary: true
    outbound: true
  - { host: edge-2, user: root, agent: run/agent.sock, enabled: false }
searches:
  - { name: "Dmz *", groups: [dmz, edge] }
  - { name: "*", groups: [edge] }
`,
    { SSH_AUTH_SOCK: "/run/user/0/agent" },
  );

  expect(firewalls).toMatchObject([
    {
      name: "edge-1",
      agent: "/run/user/0/agent",
      password: null,
      via: "helper",
      hostKeys: [pin],
      jump: {
        host: "bastion",
        port: 2222,
        user: "jumper",
        password: "s3cret",
        privateKey: null,
        agent: null,
        hostKeys: [pin],
        knownHosts: null,
      },
      groups: ["edge", "dmz"],
      isCanary: true,
      blocksOutbound: true,
      isEnabled: true,
    },
    { name: "edge-2", agent: join(desk.cwd(), "run/agent.sock"), isEnabled: false, isCanary: false },
  ]);
  const nothing = {
    mode: null,
    severity: null,
    fields: null,
    policy: null,
    policySection: null,
    expectSeconds: null,
  };
  expect(searches).toEqual([
    { name: "Dmz *", groups: ["dmz", "edge"], ...nothing },
    { name: "*", groups: ["edge"], ...nothing },
  ]);
  expect(policy.blockSeconds).toEqual([Number.POSITIVE_INFINITY]);
});

test("keys that were trusted by hand are for every host that has no other pin", async () => {
  const trusted = "fw1 ssh-ed25519 AAAA trusted\n[bastion]:2222 ssh-ed25519 BBBB\n";
  mkdirSync(join(desk.cwd(), "data"));
  desk.put("data/known_hosts", trusted);
  desk.put("known", "fw3 ssh-ed25519 CCCC\n");
  const pin = `SHA256:${"A".repeat(43)}`;

  const { firewalls } = await load(
    `
firewalls:
  - { host: FW1, user: root, password: x, jump: { host: bastion, port: 2222, user: u, password: x } }
  - { host: fw2, user: root, password: x }
  - { name: fw1-pin, host: fw1, user: root, password: x, hostKey: "${pin}" }
  - { name: fw1-file, host: fw1, user: root, password: x, knownHostsFile: known }
`,
    { SSH_HOST: "fw1.example", SSH_USER: "root", SSH_PASSWORD: "x" },
  );

  expect(firewalls.map(({ name, knownHosts }) => [name, knownHosts])).toEqual([
    ["fw1.example", null],
    ["fw1", trusted],
    ["fw2", null],
    ["fw1-pin", null],
    ["fw1-file", "fw3 ssh-ed25519 CCCC\n"],
  ]);
  expect(firewalls[1]?.jump?.knownHosts).toBe(trusted);
});
