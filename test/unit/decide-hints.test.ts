import { describe, expect, test } from "vitest";
import { offenceLevel } from "../../src/decide/escalation.ts";
import { roughSpan, spanText } from "../../src/decide/span.ts";
import type { Hint } from "../../src/domain/finding.ts";
import { forever } from "../../src/domain/block.ts";
import type { HintAction } from "../../src/domain/policy.ts";
import { abuseipdb, known, virustotal } from "../fakes/findings.ts";
import { after, t0 } from "../fakes/samples.ts";
import { decideOn, oneDay, policyWith, stale, withEvidence } from "./decide-desk.ts";

const bad = (...hints: readonly Hint[]) => withEvidence(abuseipdb(95), { hints });
const hinted = (actions: Partial<Record<Hint, HintAction>>) =>
  policyWith({ hints: { ...policyWith({}).hints, ...actions } });

describe("a hint against blocking", () => {
  test.each([
    ["cdn", "AbuseIPDB says it belongs to a content delivery network: a person must decide"],
    ["search-engine", "AbuseIPDB says it belongs to a search engine: a person must decide"],
    ["whitelisted", "AbuseIPDB says it is on its whitelist: a person must decide"],
    ["business-service", "AbuseIPDB says it belongs to a service that businesses need: a person must decide"],
    ["research-scanner", "AbuseIPDB says it scans for research: a person must decide"],
  ] as const)("%s: a person is asked", (hint, reason) => {
    expect(decideOn([bad(hint)])).toMatchObject({
      action: "hold",
      holdCause: "hint",
      rule: "abuseipdb.score >= 90",
    });
    expect(decideOn([bad(hint)]).reasons[0]).toBe(reason);
  });

  test.each(["mobile", "tor"] as const)("%s: it is blocked for an hour at most", (hint) => {
    const decision = decideOn([bad(hint)]);

    expect(decision).toMatchObject({ action: "block", expiresAt: after(3600) });
    expect(decision.reasons.at(-1)).toMatch(/^AbuseIPDB says it .*: blocked for no longer than 1h$/);
  });

  test("a longer limit than the block's own time changes nothing and says nothing", () => {
    const policy = hinted({ tor: { atMostSeconds: 2 * oneDay } });

    expect(decideOn([bad("tor")], { policy }).expiresAt).toEqual(after(oneDay));
    expect(decideOn([bad("tor")], { policy }).reasons.join()).not.toContain("no longer");
  });

  test("the strictest counts, whoever gives it", () => {
    const policy = hinted({ cdn: "watch", whitelisted: "none", mobile: { atMostSeconds: 60 } });
    const other = (hint: Hint) => withEvidence(known("greynoise", {}), { hints: [hint] });

    expect(decideOn([bad("tor", "mobile")], { policy }).expiresAt).toEqual(after(60));
    expect(decideOn([bad("tor"), other("search-engine")], { policy }).holdCause).toBe("hint");
    expect(decideOn([bad("search-engine"), other("cdn")], { policy }).action).toBe("watch");
    expect(decideOn([bad("whitelisted")], { policy })).toMatchObject({
      action: "block",
      expiresAt: after(oneDay),
    });
    expect(decideOn([bad("search-engine"), other("cdn")], { policy }).reasons[0]).toBe(
      "GreyNoise says it belongs to a content delivery network: it is only watched",
    );
  });

  test("counts from a stale finding too, but not for an address that no rule is about", () => {
    expect(decideOn([stale(bad("cdn"))]).holdCause).toBe("hint");
    expect(decideOn([withEvidence(virustotal(0), { hints: ["cdn"] })]).action).toBe("watch");
    expect(decideOn([withEvidence(virustotal(2), { hints: ["cdn"] })]).holdCause).toBe("rule");
  });

  test("goes before mode approve", () => {
    expect(decideOn([bad("cdn")], { mode: "approve" }).holdCause).toBe("hint");
    expect(decideOn([bad("tor")], { mode: "approve" }).holdCause).toBe("approve");
  });
});

const days = (count: number) => after(count * oneDay);
/** A block that began and ended so many days from `t0`. */
const offence = (from: number, until: number) => ({ from: days(from), until: days(until) });

describe("offences", () => {
  test.each([
    [[], 0],
    [[offence(-2, -1)], 1],
    [[offence(-40, -31)], 0],
    [[offence(-31, -30)], 0],
    [[offence(-31, -29.9)], 1],
    [[offence(-9, -8), offence(-3, -2)], 2],
    [[offence(-50, -45), offence(-3, -2)], 1],
    [[offence(-200, -190), offence(-100, -90), offence(-3, -2)], 1],
    [[offence(-90, -80), offence(-79, -70), offence(-69, -60), offence(-25, -20)], 3],
    [[offence(-90, -80), offence(-79, -70), offence(-69, -35)], 2],
    [[offence(-9, -3), offence(-8, -7)], 2],
    [[offence(-60, -3), offence(-50, -49)], 2],
    [[offence(-9, 20)], 1],
    [[{ from: days(-9), until: forever }], 1],
  ])("%#: count, and are forgotten one for each 30 days of quiet", (offences, level) => {
    expect(offenceLevel(offences, 30 * oneDay, t0)).toBe(level);
  });

  test("are never forgotten, or at once, where the policy says so", () => {
    const offences = [offence(-900, -800), offence(-2, -1)];

    expect(offenceLevel(offences, Number.POSITIVE_INFINITY, t0)).toBe(2);
    expect(offenceLevel(offences, 0, t0)).toBe(0);
  });

  test("make the next block longer, and the last duration counts for all further", () => {
    const before = [offence(-9, -8), offence(-5, -4), offence(-3, -2)];
    const decided = (count: number) => decideOn([virustotal(8)], { offences: before.slice(0, count) });

    expect(decided(0).expiresAt).toEqual(days(1));
    expect(decided(1)).toMatchObject({ expiresAt: days(7), inputs: { offences: 1 } });
    expect(decided(2).expiresAt).toEqual(days(30));
    expect(decided(3)).toMatchObject({ expiresAt: days(30), inputs: { offences: 3 } });
    expect(decided(0).reasons.join()).not.toContain("block in");
    expect(decided(2).reasons).toContain("third block in 9 d: for 30 d");
  });

  test("say so where the next block has no end, and where there have been many", () => {
    const policy = policyWith({ blockSeconds: [oneDay, Number.POSITIVE_INFINITY] });
    const many = Array.from({ length: 12 }, (_, index) => offence(-26 + 2 * index, -25 + 2 * index));

    expect(decideOn([virustotal(8)], { policy, offences: many }).expiresAt).toEqual(forever);
    expect(decideOn([virustotal(8)], { policy, offences: many }).reasons).toContain(
      "block number 13 in 26 d: without end",
    );
  });

  test("are told also to the person who must approve the block", () => {
    const decision = decideOn([virustotal(8)], { mode: "approve", offences: [offence(-2, -1)] });

    expect(decision.reasons).toContain("second block in 2 d: for 7 d");
  });
});

test.each([
  [45, "45s", "45 s"],
  [60, "1m", "1 m"],
  [90, "90s", "90 s"],
  [600, "10m", "10 m"],
  [3600, "1h", "1 h"],
  [5432, "5432s", "90 m"],
  [86_400, "24h", "24 h"],
  [90_000, "25h", "25 h"],
  [604_800, "7d", "7 d"],
])("%i seconds are %s, about %s", (seconds, exact, rough) => {
  expect([spanText(seconds), roughSpan(seconds)]).toEqual([exact, rough]);
});
