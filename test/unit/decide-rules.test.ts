import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstHeldRule } from "../../src/decide/rules.ts";
import type { Activity } from "../../src/domain/decision.ts";
import { type Finding, hints } from "../../src/domain/finding.ts";
import type { HintAction, Policy, Rule } from "../../src/domain/policy.ts";
import { abuseipdb, failed, known, unknown, virustotal } from "../fakes/findings.ts";
import { after, t0 } from "../fakes/samples.ts";
import { decideOn, least, policyWith, rule, stale, within, withEvidence } from "./decide-desk.ts";

const everything = [virustotal(60), abuseipdb(100)];

function held(one: Rule, findings: readonly Finding[], activity: readonly Activity[] = []) {
  return firstHeldRule([one], { findings, activity, now: t0 });
}

describe("a rule", () => {
  test.each([
    rule([]),
    rule([], { quorum: { least: 0, of: [] } }),
    rule([], { quorum: { least: 1, of: [] } }),
    rule([], { quorum: { least: 1, of: [[]] } }),
    rule([], { sightings: { events: 1, seconds: 600 } }),
    rule([least("virustotal.malicious", Number.NaN)]),
    rule([least("virustotal.constructor", 0)]),
    rule([least("constructor.name", 0)]),
    rule([within("virustotal.toString", 60)]),
    rule([least("virustotal.malicious", 61)]),
    rule([least("virustotal.malicious", 5), least("virustotal.absent", 0)]),
  ])("%j holds for nobody", (one) => {
    const activity = [{ seconds: 600, events: 99 }];
    const policy = policyWith({ block: [one], hold: [] });

    expect(decideOn(everything, { policy, inputs: { activity } }).action).toBe("watch");
  });

  test("rules are asked in their order, blocks before holds", () => {
    const policy = policyWith({
      block: [rule([least("abuseipdb.score", 100)]), rule([least("virustotal.malicious", 1)])],
      hold: [rule([least("virustotal.malicious", 1)])],
    });

    expect(decideOn(everything, { policy })).toMatchObject({
      action: "block",
      rule: "abuseipdb.score >= 100",
    });
  });

  test("names each number that it asks for", () => {
    const policy = policyWith({
      block: [
        rule([
          least("virustotal.malicious", 5),
          least("virustotal.suspicious", 1),
          least("abuseipdb.reports", 40),
        ]),
      ],
    });

    expect(decideOn(everything, { policy }).reasons).toEqual([
      "VirusTotal: 60 of 94 engines call it malicious (rule: at least 5)",
      "VirusTotal: 1 of 94 engines calls it suspicious (rule: at least 1)",
      "AbuseIPDB: reports 41 (rule: at least 40)",
      "Splunk counted 57 events",
    ]);
  });

  const reported = (at: Date) => withEvidence(abuseipdb(100), { times: { reported: at } });

  test.each([
    [after(-7 * 86_400), true],
    [after(-7 * 86_400 - 1), false],
    [after(3600), true],
    [after(2 * 86_400), false],
    [new Date(Number.NaN), false],
  ])("%#: counts how long ago something was", (at, isHeld) => {
    const one = rule([least("abuseipdb.score", 90), within("abuseipdb.reported", 7 * 86_400)]);

    expect(held(one, [reported(at)]) !== undefined).toBe(isHeld);
    expect(held(one, [abuseipdb(100)])).toBeUndefined();
  });

  test("says when that was", () => {
    const one = rule([within("abuseipdb.reported", 7 * 86_400)]);

    expect(held(one, [reported(after(-86_400))])).toMatchObject({
      text: "abuseipdb.reported within 7d",
      reasons: ["AbuseIPDB: last reported 2026-11-20 09:00 UTC (rule: within 7d)"],
    });
  });

  test("with a quorum holds when so many groups do, and whole", () => {
    const of = [
      [least("virustotal.malicious", 2)],
      [least("abuseipdb.score", 50), least("abuseipdb.reporters", 10)],
      [least("greynoise.malicious", 1)],
    ];
    const one = rule([], { quorum: { least: 2, of } });
    const greynoise = known("greynoise", { malicious: 1 });

    expect(held(one, [virustotal(2), abuseipdb(50)])).toMatchObject({
      text: "2 of (virustotal.malicious >= 2; abuseipdb.score >= 50 and abuseipdb.reporters >= 10; greynoise.malicious >= 1)",
      reasons: [
        "VirusTotal: 2 of 94 engines call it malicious (rule: at least 2)",
        "AbuseIPDB: abuse score 50 of 100, 41 reports by 12 reporters (rule: at least 50)",
        "AbuseIPDB: reporters 12 (rule: at least 10)",
      ],
    });
    expect(held(one, [virustotal(2), greynoise])).toBeDefined();
    expect(held(one, [virustotal(2), known("abuseipdb", { score: 100 })])).toBeUndefined();
    expect(held(one, [virustotal(90)])).toBeUndefined();
    expect(held(rule([], { quorum: { least: 4, of } }), [...everything, greynoise])).toBeUndefined();
  });

  test("with a number of events holds only when they were counted", () => {
    const one = rule([least("abuseipdb.score", 25)], { sightings: { events: 20, seconds: 600 } });

    expect(held(one, [abuseipdb(30)], [{ seconds: 600, events: 20 }])).toMatchObject({
      text: "abuseipdb.score >= 25 and 20 events within 10m",
      reasons: [expect.stringContaining("abuse score 30"), "seen 20 events in 10m (rule: at least 20)"],
    });
    expect(held(one, [abuseipdb(30)], [{ seconds: 600, events: 19 }])).toBeUndefined();
    expect(held(one, [abuseipdb(30)], [{ seconds: 3600, events: 99 }])).toBeUndefined();
    expect(held(one, [abuseipdb(30)])).toBeUndefined();
  });
});

describe("the number of events that every block needs", () => {
  const policy = policyWith({ sightings: { events: 5, seconds: 600 } });
  const seen = (events: number) => ({ inputs: { activity: [{ seconds: 600, events }] } });

  test("keeps what a rule wants from being done until then", () => {
    expect(decideOn([virustotal(8)], { policy, ...seen(5) }).action).toBe("block");
    expect(decideOn([virustotal(8)], { policy, ...seen(2) })).toMatchObject({
      action: "watch",
      rule: "virustotal.malicious >= 5",
      expiresAt: null,
    });
    expect(decideOn([virustotal(8)], { policy, ...seen(2) }).reasons[0]).toBe("seen 2 of 5 events in 10m");
    expect(decideOn([virustotal(8)], { policy }).action).toBe("watch");
  });

  test("holds back also a question to a person, who would only be asked sooner about less", () => {
    expect(decideOn([virustotal(2)], { policy, ...seen(4) }).action).toBe("watch");
    expect(decideOn([virustotal(2)], { policy, ...seen(5) }).action).toBe("hold");
  });
});

describe("what a provider says twice", () => {
  const listed: Finding = {
    ...withEvidence(known("abuseipdb", { score: 100 }), { isPartial: true }),
    foundAt: after(10),
  };

  test("the provider's own word goes before a list's, and a list adds what it does not say", () => {
    expect(decideOn([abuseipdb(10), listed]).action).toBe("watch");
    expect(decideOn([listed]).action).toBe("block");
    expect(decideOn([listed, known("abuseipdb", { reports: 3 })]).action).toBe("block");
  });

  test("a fresh word goes before a stale one, and a newer one before an older", () => {
    const old = stale(abuseipdb(100));
    const newer = { ...abuseipdb(10), foundAt: after(10) };

    expect(decideOn([old, withEvidence(abuseipdb(10), { isPartial: true })]).action).toBe("watch");
    expect(decideOn([abuseipdb(100), newer]).action).toBe("watch");
    expect(decideOn([old]).reasons[0]).toBe(
      "AbuseIPDB: abuse score 100 of 100, 41 reports by 12 reporters (stale: found 2026-11-21 09:00 UTC) (rule: at least 90)",
    );
  });
});

// ---- whatever the rules and findings ----

const provider = fc.constantFrom("virustotal", "abuseipdb", "other");
const number = fc.constantFrom("malicious", "score", "toString");
const condition = fc.oneof(
  fc.record({
    kind: fc.constant("least" as const),
    provider,
    number,
    least: fc.integer({ min: -2, max: 9 }),
  }),
  fc.record({
    kind: fc.constant("within" as const),
    provider,
    time: fc.constantFrom("reported", "valueOf"),
    seconds: fc.nat(9),
  }),
);
const group = fc.array(condition, { maxLength: 3 });
const sightings = fc.option(fc.record({ events: fc.nat(9), seconds: fc.constantFrom(60, 600) }));
const quorum = fc.option(fc.record({ least: fc.nat(3), of: fc.array(group, { maxLength: 3 }) }));
const anyRule = fc.record({ conditions: group, quorum, sightings });
const rules = fc.array(anyRule, { maxLength: 4 });
const hintAction = fc.oneof(
  fc.constantFrom("hold" as const, "watch" as const, "none" as const),
  fc.record({ atMostSeconds: fc.integer({ min: 1, max: 90_000 }) }),
);
const hintActions = fc
  .array(hintAction, { minLength: hints.length, maxLength: hints.length })
  .map((actions): Policy["hints"] => ({
    cdn: actionAt(actions, 0),
    "search-engine": actionAt(actions, 1),
    whitelisted: actionAt(actions, 2),
    "business-service": actionAt(actions, 3),
    "research-scanner": actionAt(actions, 4),
    mobile: actionAt(actions, 5),
    tor: actionAt(actions, 6),
  }));
const actionAt = (actions: readonly HintAction[], index: number): HintAction => actions[index] ?? "none";

const anyPolicy = fc
  .record({ block: rules, hold: rules, sightings, hints: hintActions })
  .map((changes) => policyWith(changes));
const silent = fc.oneof(
  provider.map(unknown),
  provider.map((name) => failed(name)),
);
const telling = fc
  .record({
    provider,
    numbers: fc.dictionary(number, fc.nat(9)),
    seconds: fc.option(fc.nat(20)),
    hints: fc.subarray([...hints], { maxLength: 2 }),
    foundAt: fc.nat(3),
    isPartial: fc.boolean(),
    isStale: fc.boolean(),
  })
  .map(({ provider, numbers, seconds, hints, foundAt, isPartial, isStale }): Finding => {
    const times = seconds === null ? {} : { reported: after(-seconds) };
    const finding = withEvidence(known(provider, numbers), {
      times,
      hints,
      ...(isPartial ? { isPartial } : {}),
    });
    return { ...finding, foundAt: after(foundAt), ...(isStale ? { isStale } : {}) };
  });
const findings = fc.array(fc.oneof(silent, telling), { maxLength: 6 });
const activity = fc.array(fc.record({ seconds: fc.constantFrom(60, 600), events: fc.nat(9) }), {
  maxLength: 2,
});
const mode = fc.constantFrom("observe" as const, "approve" as const, "enforce" as const);

describe("whatever the rules", () => {
  test("unknown and failed findings never lead to a block or a hold", () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(silent), activity, (policy, findings, activity) => {
        const { action } = decideOn(findings, { policy, inputs: { activity } });

        expect(action).toBe("watch");
      }),
    );
  });

  test("a protected address is never blocked or held", () => {
    fc.assert(
      fc.property(anyPolicy, findings, mode, activity, (policy, findings, mode, activity) => {
        const changes = { policy, mode, protectedReason: "it is ours", inputs: { activity } };

        expect(decideOn(findings, changes).action).toBe("ignore");
      }),
    );
  });

  test("the order of findings makes no difference", () => {
    const shuffled = findings.chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.shuffledSubarray([...given], { minLength: given.length, maxLength: given.length }),
      ),
    );
    fc.assert(
      fc.property(anyPolicy, shuffled, mode, activity, (policy, [given, other], mode, activity) => {
        const changes = { policy, mode, inputs: { activity } };

        expect({ ...decideOn(other, changes), findings: [] }).toEqual({
          ...decideOn(given, changes),
          findings: [],
        });
      }),
      { numRuns: 500 },
    );
  });

  test("one more failed finding never creates a block or a hold", () => {
    fc.assert(
      fc.property(anyPolicy, findings, provider, activity, (policy, given, name, activity) => {
        const changes = { policy, inputs: { activity } };
        const before = decideOn(given, changes);
        const now = decideOn([...given, failed(name)], changes);

        expect([now.action, now.rule, now.expiresAt]).toEqual([before.action, before.rule, before.expiresAt]);
      }),
      { numRuns: 500 },
    );
  });
});
