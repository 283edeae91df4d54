import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { openProviders, type OpenQuestion } from "../../src/decide/open-providers.ts";
import { termsAsked } from "../../src/decide/terms-asked.ts";
import { windowsOf } from "../../src/decide/windows-of.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { knownProviders } from "../../src/domain/provider-terms.ts";
import { abuseipdb, failed, known, unknown, virustotal } from "../fakes/findings.ts";
import { after, t0 } from "../fakes/samples.ts";
import { decideOn, least, policyWith, rule, stale, tried, within, withEvidence } from "./decide-desk.ts";

const configured = (["virustotal", "abuseipdb"] as const).map((name) => ({
  ...knownProviders[name],
  isOptional: false,
}));
const greynoise = { ...knownProviders.greynoise, isOptional: true };

function ask(findings: readonly Finding[], changes: Partial<OpenQuestion> = {}) {
  return openProviders({
    policy: defaultPolicy,
    providers: configured,
    findings,
    activity: [],
    now: t0,
    ...changes,
  });
}

const openOn = (findings: readonly Finding[], changes: Partial<OpenQuestion> = {}) =>
  ask(findings, changes).open;

describe("whose answer could change the outcome", () => {
  test("everybody's while nothing is known", () => {
    expect(openOn([])).toEqual(["virustotal", "abuseipdb"]);
  });

  test.each([
    ["a block rule holds", [virustotal(5)], []],
    ["a block rule holds by a list", [known("spamhaus-drop", { listed: 1 })], []],
    ["the other could still block alone", [virustotal(1)], ["abuseipdb"]],
    ["a hold rule holds, but not yet a block rule", [virustotal(2)], ["abuseipdb"]],
    ["all have answered", [virustotal(1), abuseipdb(10)], []],
    ["one does not know the address", [unknown("virustotal")], ["abuseipdb"]],
    [
      "one has failed, once or twice",
      [failed("virustotal"), tried(failed("virustotal"), 2)],
      ["virustotal", "abuseipdb"],
    ],
    ["one has failed three times", [tried(failed("virustotal"), 3)], ["abuseipdb"]],
  ] as const)("%s", (_why, findings, open) => {
    expect(openOn(findings)).toEqual(open);
  });

  test("a stale finding that is used is an answer", () => {
    expect(openOn([stale(virustotal(1)), abuseipdb(10)])).toEqual([]);
  });

  test("nobody who is not configured, or never tells what a rule asks for", () => {
    const policy = policyWith({
      block: [rule([least("greynoise.malicious", 1)]), rule([least("virustotal.nonsense", 1)])],
      hold: [],
    });

    expect(openOn([], { policy })).toEqual([]);
  });

  test("nobody when what is known keeps the rule from holding", () => {
    const policy = policyWith({
      block: [rule([least("virustotal.malicious", 2), least("abuseipdb.score", 50)])],
      hold: [],
    });

    expect(openOn([virustotal(1)], { policy })).toEqual([]);
    expect(openOn([virustotal(2)], { policy })).toEqual(["abuseipdb"]);
  });

  test("nobody while there are too few events, for the rule or for all", () => {
    const need = { events: 3, seconds: 600 };
    const one = policyWith({
      block: [rule([least("virustotal.malicious", 2)], { sightings: need })],
      hold: [],
    });
    const all = policyWith({ sightings: need });
    const activity = [{ seconds: 600, events: 3 }];

    expect(openOn([], { policy: one })).toEqual([]);
    expect(openOn([], { policy: one, activity })).toEqual(["virustotal"]);
    expect(openOn([], { policy: all })).toEqual([]);
    expect(openOn([], { policy: all, activity })).toEqual(["virustotal", "abuseipdb"]);
  });

  test("nobody when a hint says that it is only watched", () => {
    const policy = policyWith({ hints: { ...defaultPolicy.hints, cdn: "watch" } });

    expect(openOn([withEvidence(virustotal(2), { hints: ["cdn"] })], { policy })).toEqual([]);
  });

  test("in a quorum those of groups that can still be met, while it needs them", () => {
    const of = [
      [least("virustotal.malicious", 2)],
      [least("abuseipdb.score", 50)],
      [least("greynoise.malicious", 1)],
    ];
    const providers = [...configured, { ...greynoise, isOptional: false }];
    const policy = policyWith({ block: [rule([], { quorum: { least: 2, of } })], hold: [] });

    expect(openOn([virustotal(1)], { policy, providers })).toEqual(["abuseipdb", "greynoise"]);
    expect(openOn([virustotal(1), abuseipdb(49)], { policy, providers })).toEqual([]);
    expect(openOn([virustotal(2), abuseipdb(49)], { policy, providers })).toEqual(["greynoise"]);
    expect(openOn([virustotal(2), abuseipdb(50)], { policy, providers })).toEqual([]);
  });
});

describe("what came from a list", () => {
  const listed = withEvidence(known("abuseipdb", { score: 100 }), {
    isPartial: true,
    times: { reported: after(-60) },
  });
  const only = (...conditions: Parameters<typeof rule>[0]) =>
    policyWith({ block: [rule(conditions)], hold: [] });

  test("leaves its provider open only for what it does not tell", () => {
    expect(openOn([listed], { policy: only(least("abuseipdb.reporters", 3)) })).toEqual(["abuseipdb"]);
    expect(
      openOn([listed], { policy: only(least("abuseipdb.score", 90), least("abuseipdb.reporters", 3)) }),
    ).toEqual(["abuseipdb"]);
    expect(openOn([listed], { policy: only(least("abuseipdb.score", 90)) })).toEqual([]);
    expect(
      openOn([withEvidence(listed, { numbers: { score: 40 } })], {
        policy: only(least("abuseipdb.score", 90), least("abuseipdb.reporters", 3)),
      }),
    ).toEqual([]);
    expect(
      openOn([listed], { policy: only(least("abuseipdb.score", 90), within("abuseipdb.reported", 59)) }),
    ).toEqual([]);
  });

  test("does not when the provider itself has answered or failed", () => {
    const policy = only(least("abuseipdb.reporters", 3));

    expect(openOn([listed, known("abuseipdb", { score: 7 })], { policy })).toEqual([]);
    expect(openOn([listed, tried(failed("abuseipdb"), 3)], { policy })).toEqual([]);
  });
});

describe("a provider that only brings hints", () => {
  const providers = [...configured, greynoise];

  test("is asked when a block rule holds, and need not be waited for", () => {
    expect(ask([virustotal(5)], { providers })).toMatchObject({
      open: ["greynoise"],
      forHints: ["greynoise"],
    });
    expect(ask([virustotal(2)], { providers })).toMatchObject({
      open: ["abuseipdb"],
      forHints: [],
    });
    expect(ask([], { providers }).forHints).toEqual([]);
  });

  test("is not asked about what is far from a block, that has answered, or when hints mean nothing", () => {
    const far = policyWith({
      block: [rule([least("virustotal.malicious", 2), least("abuseipdb.score", 50)])],
      hold: [],
    });
    const none = Object.fromEntries(Object.keys(defaultPolicy.hints).map((hint) => [hint, "none"]));
    const deaf = policyWith({ hints: { ...defaultPolicy.hints, ...none } });

    expect(openOn([], { providers, policy: far })).toEqual(["virustotal", "abuseipdb"]);
    expect(openOn([virustotal(1), abuseipdb(10)], { providers })).toEqual([]);
    expect(openOn([virustotal(5), unknown("greynoise")], { providers })).toEqual([]);
    expect(openOn([virustotal(5)], { providers, policy: deaf })).toEqual([]);
  });

  test("is asked like any other when a rule names it", () => {
    const policy = policyWith({ block: [rule([least("greynoise.malicious", 1)])], hold: [] });

    expect(ask([], { providers, policy })).toMatchObject({ open: ["greynoise"], forHints: [] });
  });
});

test.each([
  [[], 0],
  [[virustotal(1)], 0],
  [[virustotal(2)], 0.5],
  [[abuseipdb(50)], 0.5],
  [[virustotal(8)], 1],
  [[virustotal(2), abuseipdb(10)], 0],
] as const)("%#: how near it comes to a block", (findings, closeness) => {
  expect(ask(findings).closeness).toBe(closeness);
});

test("what a quorum has beyond its need brings no rule nearer to a block", () => {
  const of = [
    [least("virustotal.malicious", 1)],
    [least("virustotal.suspicious", 1)],
    [least("virustotal.harmless", 1)],
  ];
  const quorum = { least: 1, of };
  const policy = policyWith({ block: [rule([least("abuseipdb.score", 50)], { quorum })], hold: [] });

  expect(ask([virustotal(8)], { policy })).toMatchObject({ open: ["abuseipdb"], closeness: 0.5 });
});

test("terms and windows that policies ask for, each once", () => {
  const sightings = { events: 2, seconds: 60 };
  const of = [[least("abuseipdb.reports", 1)], [within("abuseipdb.reported", 60)]];
  const one = policyWith({
    hold: [rule([least("virustotal.malicious", 2)], { sightings, quorum: { least: 1, of } })],
    sightings: { events: 5, seconds: 600 },
  });

  expect(termsAsked([defaultPolicy, one], "abuseipdb")).toEqual({
    numbers: ["score", "reports"],
    times: ["reported"],
  });
  expect(termsAsked([one], "greynoise")).toEqual({ numbers: [], times: [] });
  expect(windowsOf([one, defaultPolicy, one])).toEqual([60, 600]);
});

describe("whatever the rules and findings", () => {
  const numbers = {
    virustotal: ["malicious", "suspicious"],
    abuseipdb: ["score", "reporters"],
    greynoise: ["malicious"],
  } as const;
  const names = ["virustotal", "abuseipdb", "greynoise"] as const;
  const providers = names.map((name) => ({ ...knownProviders[name], isOptional: false }));
  const condition = fc.constantFrom(...names).chain((provider) =>
    fc.record({
      kind: fc.constant("least" as const),
      provider: fc.constant(provider),
      number: fc.constantFrom(...numbers[provider]),
      least: fc.integer({ min: 1, max: 5 }),
    }),
  );
  const group = fc.array(condition, { minLength: 1, maxLength: 3 });
  const need = fc.option(fc.record({ events: fc.nat(4), seconds: fc.constant(60) }), { freq: 4 });
  const quorum = fc.option(fc.record({ least: fc.integer({ min: 1, max: 3 }), of: fc.array(group) }));
  const rules = fc.array(fc.record({ conditions: group, quorum, sightings: need }), { maxLength: 4 });
  const policy = fc
    .record({ block: rules, hold: rules, sightings: need })
    .map((changes) => policyWith(changes));
  const answer = (provider: (typeof names)[number]) =>
    fc.oneof(
      fc.constant(unknown(provider)),
      fc
        .subarray([...numbers[provider]])
        .chain((told) => fc.record(Object.fromEntries(told.map((name) => [name, fc.nat(6)]))))
        .map((told) => known(provider, told)),
    );
  const answers = fc.tuple(answer("virustotal"), answer("abuseipdb"), answer("greynoise"));
  const asked = fc.subarray([...names]);
  const events = fc.nat(5);

  test("when nobody is open, no answer of those who are missing changes the action", () => {
    let closed = 0;
    fc.assert(
      fc.property(policy, answers, asked, answers, events, (policy, first, asked, second, events) => {
        const activity = [{ seconds: 60, events }];
        const findings = first.filter(({ provider }) => asked.some((name) => name === provider));
        if (openProviders({ policy, providers, findings, activity, now: t0 }).open.length > 0) {
          return;
        }
        closed += findings.length < names.length ? 1 : 0;
        const late = second.filter(({ provider }) => !asked.some((name) => name === provider));
        const changes = { policy, inputs: { activity } };

        expect(decideOn([...findings, ...late], changes).action).toBe(decideOn(findings, changes).action);
      }),
      { numRuns: 3000 },
    );
    expect(closed).toBeGreaterThan(300);
  });

  test("who is open could really change the action, together with the others who are", () => {
    const worst = { malicious: 99, suspicious: 99, score: 99, reporters: 99 };
    fc.assert(
      fc.property(policy, answers, asked, events, (policy, first, asked, events) => {
        const activity = [{ seconds: 60, events }];
        const findings = first.filter(({ provider }) => asked.some((name) => name === provider));
        const { open } = openProviders({ policy, providers, findings, activity, now: t0 });
        const changes = { policy, inputs: { activity } };
        const late = open.map((name) => known(name, worst));

        expect(decideOn([...findings, ...late], changes).action === decideOn(findings, changes).action).toBe(
          open.length === 0,
        );
      }),
      { numRuns: 1000 },
    );
  });
});
