import { mkdirSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();

async function load(yaml: string, env: Record<string, string> = {}): Promise<Config> {
  desk.put("portcullis.yaml", yaml);
  return (await desk.load(env)).config;
}

test("every section reaches the configuration", async () => {
  const { private: key } = ssh2.utils.generateKeyPairSync("ed25519");
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
  duration: 24d
  holdFor: 90s
  grace: 0s
extract:
  fields: [attacker, "values(src_ip)"]
  otherFields: false
  countFields: [n]
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

  const rule = { virustotal: { malicious: 2, suspicious: 1 }, abuseipdb: { score: 50 } };
  expect(config.policy).toMatchObject({
    block: [rule],
    hold: [],
    blockSeconds: 2_073_600,
    holdSeconds: 90,
    graceSeconds: 0,
  });
  expect(JSON.parse(config.policy.version)).toMatchObject({ block: [rule], blockSeconds: 2_073_600 });
  expect(config.extract).toEqual({
    fields: ["attacker", "values(src_ip)"],
    otherFields: false,
    neverFields: ["dest*"],
    countFields: ["n"],
  });
  expect(config.findingSeconds).toBe(1800);
  expect(config.allowlist).toEqual(["198.51.100.1/32", "192.0.2.0/24", "2001:db8::/32"]);
  const none = { password: null, privateKey: null, hostKeys: [], knownHosts: null, port: 22 };
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

    expect(config.policy).toMatchObject({ block: [{ virustotal: { malicious: 5 } }], blockSeconds: 86_400 });
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
