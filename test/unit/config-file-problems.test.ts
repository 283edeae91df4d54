import { describe, expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();

function problemsOf(yaml: string): Promise<readonly string[]> {
  desk.put("portcullis.yaml", yaml);
  return desk.problemsOf();
}

const wrong: readonly (readonly [what: string, yaml: string, problem: string])[] = [
  [
    "an unknown section",
    "polcy:\n  block: []\n",
    "portcullis.yaml:1:1: unknown key polcy; did you mean policy?",
  ],
  [
    "an unknown key",
    "policy:\n  durration: 1h\n",
    "portcullis.yaml:2:3: policy: unknown key durration; did you mean duration?",
  ],
  [
    "a key far from any",
    "findings:\n  zzzzz: 1h\n",
    "portcullis.yaml:2:3: findings: unknown key zzzzz; known here: keep, keepUnknown, keepFailed",
  ],
  [
    "an unknown provider",
    "policy:\n  block:\n    - virustotl: {malicious: 5}\n",
    "portcullis.yaml:3:7: policy.block[0]: unknown key virustotl; did you mean virustotal?",
  ],
  [
    "an unknown number",
    "policy:\n  hold:\n    - abuseipdb: {scor: 5}\n",
    "portcullis.yaml:3:19: policy.hold[0].abuseipdb: unknown key scor; did you mean score?",
  ],
  [
    "an unknown key of a firewall",
    "firewalls:\n - {hots: a, host: a, user: b, password: c}",
    "portcullis.yaml:2:5: firewalls[0]: unknown key hots; did you mean host?",
  ],
  [
    "a duration without unit",
    "policy: {duration: 24}",
    "portcullis.yaml:1:20: policy.duration: expected a duration like 90s",
  ],
  [
    "a duration of more than ten years",
    "policy: {duration: 3651d}",
    "portcullis.yaml:1:20: policy.duration: expected a duration like 90s, 30m, 24h or 7d, from 1s to 3650d, or permanent",
  ],
  [
    "a hold without end",
    "policy: {holdFor: permanent}",
    "policy.holdFor: expected a duration like 90s, 30m, 24h or 7d, from 1s to 3650d",
  ],
  [
    "one neighbour, which would be the address itself",
    "policy: {aggregate: {ipv4Neighbours: 1}}",
    "portcullis.yaml:1:38: policy.aggregate.ipv4Neighbours: expected a whole number from 2 to 256, or none",
  ],
  [
    "an IPv6 network of another length",
    "policy: {aggregate: {ipv6: 56}}",
    "portcullis.yaml:1:28: policy.aggregate.ipv6: expected 64 or 128",
  ],
  ["no duration at all", "findings: {keep: 0s}", "portcullis.yaml:1:18: findings.keep: expected a duration"],
  [
    "a rule that is not a mapping",
    "policy: {block: [5]}",
    "portcullis.yaml:1:18: policy.block[0]: expected a mapping",
  ],
  [
    "rules that are no list",
    "policy: {block: {virustotal: {malicious: 1}}}",
    "portcullis.yaml:1:17: policy.block: expected a list",
  ],
  [
    "text for a number",
    "policy: {block: [{virustotal: {malicious: five}}]}",
    "policy.block[0].virustotal.malicious: expected a whole number from 1",
  ],
  [
    "a score above 100",
    "policy: {block: [{abuseipdb: {score: 101}}]}",
    "policy.block[0].abuseipdb.score: expected a whole number from 1 to 100",
  ],
  [
    "a list for a switch",
    "extract: {otherFields: [a]}",
    "portcullis.yaml:1:24: extract.otherFields: expected true or false",
  ],
  [
    "a network with host bits",
    "allowlist:\n  - 10.0.0.1/8\n",
    "portcullis.yaml:2:5: allowlist[0]: expected an IP address or a network",
  ],
  ["a list that is none", "allowlist: 10.0.0.1", "portcullis.yaml:1:12: allowlist: expected a list"],
  [
    "a firewall without a user",
    "firewalls:\n  - host: fw\n    password: x\n",
    "portcullis.yaml:2:5: firewalls[0].user: is missing: expected a user's name",
  ],
  [
    "a firewall without a way to log in",
    "firewalls:\n  - {host: fw, user: u}",
    "portcullis.yaml:2:5: set privateKeyFile, passwordFile, password or agent to log in with",
  ],
  [
    "two passwords",
    "firewalls:\n  - {host: fw, user: u, password: a, passwordFile: b}",
    "set only one of password and passwordFile",
  ],
  [
    "two kinds of pins",
    `firewalls:\n  - {host: fw, user: u, password: a, hostKey: "SHA256:${"A".repeat(43)}", knownHostsFile: portcullis.yaml}`,
    "set only one of hostKey and knownHostsFile",
  ],
  [
    "a missing key file",
    "firewalls:\n  - {host: fw, user: u, privateKeyFile: nowhere}",
    "portcullis.yaml:2:5: privateKeyFile: the file it names can't be read: no such file",
  ],
  [
    "a name nobody could use",
    "firewalls:\n  - {name: Edge One, host: fw, user: u, password: a}",
    "portcullis.yaml:2:12: firewalls[0].name: expected 1 to 64 of the characters",
  ],
  [
    "two firewalls of one name",
    "firewalls:\n  - {host: fw, user: u, password: a}\n  - {host: FW, user: u, password: a}",
    "portcullis.yaml:3:5: another firewall has the same name",
  ],
  [
    "a port out of range",
    "firewalls:\n  - {host: fw, port: 0, user: u, password: a}",
    "firewalls[0].port: expected a whole number from 1 to 65535",
  ],
  [
    "an agent that is a number",
    "firewalls:\n  - {host: fw, user: u, agent: 5}",
    "portcullis.yaml:2:32: firewalls[0].agent: expected true (the agent of SSH_AUTH_SOCK), or the path of an agent's socket",
  ],
  [
    "the agent of a session that has none",
    "firewalls:\n  - {host: fw, user: u, agent: true}",
    "portcullis.yaml:2:5: agent: true needs SSH_AUTH_SOCK, which is not set",
  ],
  [
    "an agent that is not to be used, and nothing else",
    "firewalls:\n  - {host: fw, user: u, agent: false}",
    "set privateKeyFile, passwordFile, password or agent to log in with",
  ],
  [
    "an unknown key of a jump host",
    "firewalls:\n  - host: fw\n    user: u\n    password: x\n    jump: {host: b, user: u, password: x, via: root}",
    "portcullis.yaml:5:43: firewalls[0].jump: unknown key via; known here: host, port, user,",
  ],
  [
    "a jump host without a user",
    "firewalls:\n  - {host: fw, user: u, password: x, jump: {host: b, password: x}}",
    "portcullis.yaml:2:44: firewalls[0].jump.user: is missing: expected a user's name",
  ],
  [
    "a jump host without a way to log in",
    "firewalls:\n  - {host: fw, user: u, password: x, jump: {host: b, user: u}}",
    "portcullis.yaml:2:5: jump: set privateKeyFile, passwordFile, password or agent to log in with",
  ],
  [
    "a missing key file of a jump host",
    "firewalls:\n  - {host: fw, user: u, password: x, jump: {host: b, user: u, privateKeyFile: nowhere}}",
    "portcullis.yaml:2:5: jump: privateKeyFile: the file it names can't be read: no such file",
  ],
  [
    "an unknown way to root's rights",
    "firewalls:\n  - {host: fw, user: u, password: x, via: su}",
    "firewalls[0].via: expected one of root, sudo, helper",
  ],
  [
    "a canary that is no switch",
    "firewalls:\n  - {host: fw, user: u, password: x, canary: first}",
    "portcullis.yaml:2:46: firewalls[0].canary: expected true or false",
  ],
  [
    "nothing but canaries",
    "firewalls:\n  - {host: a, user: u, password: x, canary: true}\n  - {host: b, user: u, password: x, canary: true}",
    "portcullis.yaml:2:5: every firewall is a canary, so none is protected by one",
  ],
  [
    "a group nobody could write twice alike",
    "firewalls:\n  - {host: fw, user: u, password: x, groups: [DMZ 1]}",
    "portcullis.yaml:2:47: firewalls[0].groups[0]: expected a group's name",
  ],
  [
    "a search for a group that no firewall has",
    "firewalls: [{host: fw, user: u, password: x, groups: [edge]}]\nsearches:\n  - {name: a, groups: [egde]}",
    "portcullis.yaml:3:5: no firewall has the group egde; did you mean edge?",
  ],
  [
    "a search for a group where there are none",
    "searches:\n  - {name: a, groups: [dmz]}",
    "portcullis.yaml:2:5: no firewall has the group dmz; no firewall has any `groups` yet",
  ],
  [
    "a search without groups",
    "searches:\n  - {name: a, groups: []}",
    "portcullis.yaml:2:23: searches[0].groups: expected at least one group",
  ],
  [
    "a file that is a list",
    "- a\n- b\n",
    "portcullis.yaml:1:1: expected the sections policy, shadow, limits, searches, findings, providers, lists, protection, allowlist, extract, receiver, firewalls",
  ],
  [
    "a mistake behind an alias",
    "policy: {block: [&rule {abuseipdb: {score: 101}}]}\nshadow: {block: [*rule]}",
    "portcullis.yaml:2:18: shadow.block[0].abuseipdb.score: expected a whole number from 1 to 100",
  ],
  ["a tab", "policy:\n\tblock: []\n", "portcullis.yaml:2:1: not valid YAML: indent with spaces, not tabs"],
  [
    "a key that stands twice",
    "findings: {}\nfindings: {}\n",
    "portcullis.yaml:2:1: not valid YAML: this key stands twice",
  ],
  ["an unknown tag", "findings: !secret {keep: 1h}\n", "not valid YAML: unknown tag (!name)"],
  ["two documents", "{}\n---\n{}\n", "not valid YAML: expected one document"],
];

test.each(wrong)("%s is told with its place", async (_what, yaml, problem) => {
  expect((await problemsOf(yaml)).join("\n")).toContain(problem);
});

describe("a rule that would hold for innocent addresses is refused:", () => {
  test.each([
    "{}",
    "{virustotal: {}}",
    "{virustotal: {}, abuseipdb: {}}",
    "{virustotal: {harmless: 5}}",
    "{virustotal: {undetected: 1, reputation: -5}}",
  ])("%s", async (rule) => {
    expect((await problemsOf(`policy: {block: [${rule}]}`))[0]).toContain(
      "policy.block[0]: this rule would hold for innocent addresses",
    );
  });

  test.each(["{virustotal: {malicious: 0}}", "{abuseipdb: {score: 0}}", "{abuseipdb: {reports: 0}}"])(
    "%s",
    async (rule) => {
      expect((await problemsOf(`policy: {block: [${rule}]}`))[0]).toContain("expected a whole number from 1");
    },
  );
});

test("a firewall of the file with the name of SSH_HOST's is a problem", async () => {
  const env = { SSH_HOST: "fw", SSH_USER: "root", SSH_PASSWORD: "x" };

  desk.put("portcullis.yaml", "firewalls: [{ host: fw, user: u, password: a }]");

  await expect(desk.load(env)).rejects.toThrow("portcullis.yaml:1:13: another firewall has the same name");
});

test("a mistake next to a password does not show it", async () => {
  const yamls = [
    "firewalls:\n  - host: fw\n    password: @hunter2\n",
    'firewalls:\n  - host: fw\n    password: "hunter2\n',
    "firewalls:\n  - host: fw\n    password: hunter2: hunter2\n",
    "firewalls:\n  - host: fw\n    hunter2 hunter2: x\n",
    "firewalls:\n  - host: fw\n    password: *hunter2\n",
    "firewalls:\n  - host: fw\n    password: !hunter2 x\n",
    "firewalls:\n  - host: fw\n  password: [hunter2\n",
    "hunter2",
  ];

  for (const yaml of yamls) {
    const problems = await problemsOf(yaml);

    expect(problems).not.toEqual([]);
    expect(problems.join("\n")).not.toContain("hunter2");
  }
});

test("aliases that grow without end are refused", async () => {
  const levels = Array.from(
    { length: 9 },
    (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index},`.repeat(9)}]`,
  );

  const problems = await problemsOf(`l0: &l0 [x]\n${levels.join("\n")}\n`);

  expect(problems).toEqual([expect.stringContaining("expected the sections")]);
});

test("a key named __proto__ is an unknown key like others", async () => {
  expect(await problemsOf("__proto__: {policy: 1}\n")).toEqual([
    expect.stringContaining("portcullis.yaml:1:1: unknown key __proto__"),
  ]);
});
