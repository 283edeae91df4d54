import { describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { readPolicyText } from "../../src/config/read-policy-text.ts";
import type { Condition, Policy } from "../../src/domain/policy.ts";
import { createConfigDesk, defaults, least, ruleOf, versionOf } from "./config-desk.ts";

const desk = createConfigDesk();

async function load(yaml: string): Promise<Config> {
  desk.put("portcullis.yaml", yaml);
  return (await desk.load()).config;
}

async function policyOf(yaml: string): Promise<Policy> {
  return (await load(yaml)).policy;
}

function within(provider: string, time: string, seconds: number): Condition {
  return { kind: "within", provider, time, seconds };
}

test("every kind of rule, and everything else that a policy says", async () => {
  const policy = await policyOf(`
policy:
  block:
    - virustotal: { malicious: 5, reputation: -20, analysedWithin: 90d }
    - abuseipdb: { score: 90, reporters: 3, reportedWithin: 30d }
    - spamhaus-drop: { listed: 1 }
    - quorum: 2
      of:
        - virustotal: { malicious: 2 }
        - abuseipdb: { score: 50 }
        - greynoise: { malicious: 1, seenWithin: 7d }
    - abuseipdb: { score: 25 }
      quorum: 1
      of: [{ virustotal: { suspicious: 1 } }]
      sightings: { events: 20, within: 10m }
  hold: [{ greynoise: { malicious: 1, noise: 1 } }]
  sightings: { events: 3, within: 5m }
  duration: 1h
  escalation: [1h, 7d, permanent]
  forgetAfter: 10d
  hints: { cdn: watch, tor: 30m, mobile: none }
  unavailable: { then: hold }
  useStaleFor: 2d
  aggregate: { ipv4Neighbours: 4 }
`);

  expect(policy).toMatchObject({
    block: [
      ruleOf(
        least("virustotal", "malicious", 5),
        least("virustotal", "reputation", -20),
        within("virustotal", "analysed", 7_776_000),
      ),
      ruleOf(
        least("abuseipdb", "score", 90),
        least("abuseipdb", "reporters", 3),
        within("abuseipdb", "reported", 2_592_000),
      ),
      ruleOf(least("spamhaus-drop", "listed", 1)),
      {
        conditions: [],
        quorum: {
          least: 2,
          of: [
            [least("virustotal", "malicious", 2)],
            [least("abuseipdb", "score", 50)],
            [least("greynoise", "malicious", 1), within("greynoise", "seen", 604_800)],
          ],
        },
        sightings: null,
      },
      {
        conditions: [least("abuseipdb", "score", 25)],
        quorum: { least: 1, of: [[least("virustotal", "suspicious", 1)]] },
        sightings: { events: 20, seconds: 600 },
      },
    ],
    hold: [ruleOf(least("greynoise", "malicious", 1), least("greynoise", "noise", 1))],
    sightings: { events: 3, seconds: 300 },
    blockSeconds: [3600, 3600, 604_800, Number.POSITIVE_INFINITY],
    forgetSeconds: 864_000,
    hints: { ...defaults.policy.hints, cdn: "watch", tor: { atMostSeconds: 1800 }, mobile: "none" },
    unavailable: { action: "hold", seconds: 900 },
    staleSeconds: 172_800,
    aggregate: { ipv4Neighbours: 4, ipv6Length: 128 },
  });
});

describe("durations", () => {
  test.each([
    ["duration: 1h", [3600, 604_800, 2_592_000]],
    ["duration: 14d", [1_209_600, 1_209_600, 2_592_000]],
    ["duration: 90d", [7_776_000]],
    ["duration: permanent", [Number.POSITIVE_INFINITY]],
    ["escalation: [2d]", [86_400, 172_800]],
    ["escalation: []", [86_400]],
    ["escalation: [24h, 24h]", [86_400]],
    ["duration: 1h\n  escalation: [1h, 2h, 2h]", [3600, 3600, 7200]],
  ])("%j", async (yaml, expected) => {
    expect((await policyOf(`policy:\n  ${yaml}`)).blockSeconds).toEqual(expected);
  });
});

describe("a provider that can't be asked", () => {
  test.each([
    ["{}", { action: "wait", seconds: 604_800 }],
    ["{ then: wait }", { action: "wait", seconds: 604_800 }],
    ["{ after: 1h }", { action: "wait", seconds: 3600 }],
    ["{ then: decide-without }", { action: "decide-without", seconds: 0 }],
    ["{ then: hold }", { action: "hold", seconds: 900 }],
    ["{ then: hold, after: 0s }", { action: "hold", seconds: 0 }],
  ])("%s", async (yaml, expected) => {
    expect((await policyOf(`policy: { unavailable: ${yaml} }`)).unavailable).toEqual(expected);
  });
});

test("the shadow and the searches differ from the policy only in what they name", async () => {
  const { policy, shadow, searches } = await load(`
policy:
  sightings: { events: 3, within: 10m }
  aggregate: { ipv4Neighbours: 4, ipv6: 64 }
  unavailable: { then: wait, after: 1d }
  grace: 2h
shadow:
  sightings: none
  hold: []
searches:
  - { name: "SSH*", mode: enforce, severity: high, fields: [attacker], policy: { duration: 2d, unavailable: { then: wait } } }
  - { name: "*", policy: { aggregate: { ipv4Neighbours: none } } }
`);

  const { version, ...live } = policy;
  expect(live).toMatchObject({ sightings: { events: 3, seconds: 600 }, graceSeconds: 7200 });
  const lenient = { ...live, sightings: null, hold: [] };
  expect(shadow).toEqual({ ...lenient, version: versionOf(lenient) });
  const ssh = { ...live, blockSeconds: [172_800, 604_800, 2_592_000] };
  const rest = { ...live, aggregate: { ipv4Neighbours: null, ipv6Length: 64 as const } };
  expect(searches).toEqual([
    {
      name: "SSH*",
      groups: null,
      mode: "enforce",
      severity: "high",
      fields: ["attacker"],
      policy: { ...ssh, version: versionOf(ssh) },
      policySection: expect.objectContaining({ duration: 172_800 }),
      expectSeconds: null,
    },
    {
      name: "*",
      groups: null,
      mode: null,
      severity: null,
      fields: null,
      policy: { ...rest, version: versionOf(rest) },
      policySection: { aggregate: { ipv4Neighbours: null } },
      expectSeconds: null,
    },
  ]);
  expect(new Set([version, shadow?.version, ...searches.map((search) => search.policy?.version)]).size).toBe(
    4,
  );
});

describe("limits", () => {
  test("each alone, or none", async () => {
    expect((await load("limits: { perMinute: 5, perAs: none }")).limits).toEqual({
      perMinute: 5,
      perHour: 500,
      perSearch: 250,
      perNetwork: 100,
      perAs: null,
      active: 200_000,
    });
  });

  test("none at all", async () => {
    expect(Object.values((await load("limits: none")).limits)).toEqual(Array(6).fill(null));
  });
});

describe("the text of a policy", () => {
  const base = { ...defaults.policy, version: "sha256:base" };
  const read = (yaml: string) => readPolicyText(yaml, { base, searches: [], versionOf });
  const strict = { ...defaults.policy, hold: [], graceSeconds: 3600 };
  const expected = { policy: { ...strict, version: versionOf(strict) }, searches: [] };

  test("is the keys of a policy, or a whole settings file of which only the policy counts", () => {
    expect(read("hold: []\ngrace: 1h")).toEqual(expected);
    expect(read("policy:\n  hold: []\n  grace: 1h\nfirewalls: [{ nothing: here }]")).toEqual(expected);
  });

  test.each(["", "# nothing", "policy:\n", "limits: none"])("that says nothing (%j) is the base", (yaml) => {
    expect(read(yaml)).toMatchObject({ policy: { ...defaults.policy, version: versionOf(defaults.policy) } });
  });

  test.each([
    ["grace: 1h\nhold: [{}]", "policy:2:8: hold[0]: this rule would hold for innocent addresses"],
    ["gracee: 1h", "policy:1:1: unknown key gracee; did you mean grace?"],
    ["policy:\n  gracee: 1h", "policy:2:3: policy: unknown key gracee; did you mean grace?"],
    ["policy: {}\ngrace: 1h", "policy:2:1: unknown key grace; known here: policy, shadow,"],
    ["duration: 2d\nescalation: [1d]", "policy:2:14: escalation[0]: expected no less than the first block"],
    ["policy: {duration: 2d, escalation: [1d]}", "policy:1:37: policy.escalation[0]: expected no less"],
    [
      "- a",
      "policy:1:1: expected a settings file with a section policy, or the keys of a policy: block, hold,",
    ],
    ["policy: [", "policy:1:10: not valid YAML"],
  ])("%j is told with its place", (yaml, problem) => {
    expect(read(yaml)).toEqual({ problems: [expect.stringContaining(problem)] });
  });

  test("names the file when told its name, and never repeats a value", () => {
    expect(readPolicyText("grace: hunter2", { base, searches: [], versionOf, name: "new.yaml" })).toEqual({
      problems: ["new.yaml:1:8: grace: expected a duration like 90s, 30m, 24h or 7d, from 0s to 3650d"],
    });
  });
});

describe("the searches of the text of a policy", () => {
  const inForce = `
policy: { grace: 2h }
searches:
  - { name: "SSH*", mode: enforce, policy: { duration: 7d } }
  - { name: "Port*", policy: { escalation: [2d] } }
  - { name: "DNS*", groups: [edge] }
firewalls: [{ host: fw1, user: root, password: x, groups: [edge] }]
`;
  const read = async (yaml: string) => {
    const { policy: base, searches } = await load(inForce);
    return readPolicyText(yaml, { base, searches, versionOf });
  };
  const versioned = (policy: Omit<Policy, "version">) => ({ ...policy, version: versionOf(policy) });
  const live = { ...defaults.policy, graceSeconds: 7200 };
  const nothing = { groups: null, mode: null, severity: null, fields: null };

  test.each(["hold: []", "policy: { hold: [] }"])(
    "are those in force, which differ from it by the same words, where it names none (%s)",
    async (yaml) => {
      const candidate = { ...live, hold: [] };

      expect(await read(yaml)).toEqual({
        policy: versioned(candidate),
        searches: [
          {
            ...nothing,
            name: "SSH*",
            mode: "enforce",
            policy: versioned({ ...candidate, blockSeconds: [604_800, 604_800, 2_592_000] }),
          },
          { ...nothing, name: "Port*", policy: versioned({ ...candidate, blockSeconds: [86_400, 172_800] }) },
          { ...nothing, name: "DNS*", groups: ["edge"], policy: null },
        ],
      });
    },
  );

  test("are its own when it names any, or that there are none", async () => {
    const candidate = { ...live, hold: [] };
    const text = "policy: { hold: [] }\nsearches: [{ name: 'Web*', policy: { grace: 0s } }, { name: x }]";

    expect(await read(text)).toEqual({
      policy: versioned(candidate),
      searches: [
        { ...nothing, name: "Web*", policy: versioned({ ...candidate, graceSeconds: 0 }) },
        { ...nothing, name: "x", policy: null },
      ],
    });
    expect(await read("searches: []")).toEqual({ policy: versioned(live), searches: [] });
    expect(await read("searches:")).toEqual({ policy: versioned(live), searches: [] });
  });

  test.each([
    [
      "duration: 3d",
      "searches[1].policy.escalation[0] of the settings in force, on top of this policy: expected no less than the first block",
    ],
    [
      "searches:\n  - { name: a, policy: { gracee: 1h } }",
      "policy:2:26: searches[0].policy: unknown key gracee; did you mean grace?",
    ],
    [
      "searches:\n  - { name: a, policy: { duration: 2d, escalation: [1d] } }",
      "policy:2:53: searches[0].policy.escalation[0]: expected no less than the first block",
    ],
  ])("that do not fit (%j) are told with their place", async (yaml, problem) => {
    expect(await read(yaml)).toEqual({ problems: [expect.stringContaining(problem)] });
  });
});
