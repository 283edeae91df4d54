import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBacktest } from "../../src/decide/backtest.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { createEventCounter } from "../../src/decide/event-counter.ts";
import { releaseDecision } from "../../src/decide/release.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { Finding } from "../../src/domain/finding.ts";
import type { PastDecision } from "../../src/ports.ts";
import { abuseipdb, failed, virustotal } from "../fakes/findings.ts";
import { after, prefix, sampleDecision } from "../fakes/samples.ts";
import {
  alreadyBlocked,
  asking,
  backtest,
  changeBy,
  hour,
  mild,
  past,
  pastOf,
  strict,
} from "./backtest-desk.ts";
import { attacker, decideOn, nothingStands, policyWith } from "./decide-desk.ts";

describe("the blocks that another policy would have made", () => {
  test("stand for its own time", () => {
    const short = policyWith({ ...strict, blockSeconds: [hour] });
    const decisions = [past([virustotal(8)]), alreadyBlocked(2, 24), alreadyBlocked(3, 24)];

    expect(backtest(short, decisions)).toMatchObject({ blocks: { were: 1, would: 3 }, counts: { same: 1 } });
    expect(backtest(strict, decisions).blocks).toEqual({ were: 1, would: 1 });
  });

  test("grow longer by its own escalation, from what had been before", () => {
    const rising = policyWith({ ...strict, blockSeconds: [hour, 3 * hour, 9 * hour] });
    const at = (hours: number) => past([virustotal(8)], { at: hours });
    const offences = [{ from: after(-9 * hour), until: after(-8 * hour) }];

    expect(backtest(rising, [at(0), at(2), at(4), at(6)]).blocks.would).toBe(3);
    expect(backtest(rising, [past([virustotal(8)], { offences }), at(2), at(4), at(6)]).blocks.would).toBe(2);
  });

  test("are decided about with what was known before, never with what was learnt later", () => {
    const known = [virustotal(8), abuseipdb(0)];

    expect(changeBy(mild, [past(known), alreadyBlocked(1, 24)])).toBe("freed");
    expect(backtest(mild, [past(known), alreadyBlocked(1, 24)]).counts.freed).toBe(1);
    // Nothing is stored of what came before the first: it may have been anything.
    expect(changeBy(mild, [alreadyBlocked(1, 24), past([virustotal(60)], { at: 30 })])).toBe("unclear");
    expect(changeBy(defaultPolicy, [alreadyBlocked(1, 24)])).toBe("same");
  });

  test("do not end because a provider fails later", () => {
    const decisions = [
      past([virustotal(2), abuseipdb(0)]),
      past([failed("virustotal"), abuseipdb(60)], { at: 1 }),
      alreadyBlocked(30, 48),
    ];

    expect(backtest(strict, decisions).blocks.would).toBe(2);
  });

  test("what a limit or a pause held back had been wanted as a block", () => {
    const { decision } = past([virustotal(8)]);
    const limited = pastOf({ ...decision, action: "hold", holdCause: "limit" });
    const later = pastOf(
      decideOn([virustotal(2)], {
        alertId: "al_2",
        now: after(hour),
        standing: { ...nothingStands, heldUntil: after(24 * hour) },
      }),
    );

    expect(changeBy(strict, [limited, later])).toBe("same");
    expect(changeBy(mild, [limited])).toBe("freed");
    expect(changeBy(asking, [limited])).toBe("held");
  });
});

describe("what people did", () => {
  const hold = past([virustotal(2), abuseipdb(0)]);
  const byHand = { actor: "ada", reason: "", seconds: 24 * hour, mode: "enforce" } as const;
  const release = pastOf(
    releaseDecision({
      hold: { decision: hold.decision },
      ...byHand,
      now: after(hour),
    }),
  );
  const next = alreadyBlocked(2, 25);

  test("an approval counts only where the other policy would have asked too", () => {
    expect(changeBy(asking, [hold, release, next])).toBe("same");
    expect(backtest(mild, [hold, release, next]).items[0]).toMatchObject({
      change: "freed",
      at: after(2 * hour),
    });
    expect(backtest(strict, [hold, release, next]).items[0]).toMatchObject({
      change: "newly-blocked",
      at: after(0),
    });
  });

  test("a block by hand stands under any policy", () => {
    const manual = pastOf(
      sampleDecision("de_8", { ip: attacker, actor: "ada", alertId: "al_8", expiresAt: after(24 * hour) }),
    );

    expect(changeBy(mild, [manual, alreadyBlocked(1, 24)])).toBe("same");
    expect(backtest(mild, [manual]).decisions).toBe(0);
  });
});

test("events are counted where nobody had counted in that window, and as stored where somebody had", () => {
  const often = policyWith({ ...strict, sightings: { events: 10, seconds: 600 } });
  const near = [0, 0.05, 0.1].map((at) => past([virustotal(1), abuseipdb(0)], { at, count: 4 }));
  const far = [0, 1, 2].map((at) => past([virustotal(1), abuseipdb(0)], { at, count: 4 }));
  const stored = { inputs: { activity: [{ seconds: 600, events: 10 }] } };

  expect(backtest(often, near).items[0]).toMatchObject({ change: "newly-blocked", at: after(0.1 * hour) });
  expect(changeBy(often, far)).toBe("same");
  expect(changeBy(often, [past([virustotal(1), abuseipdb(0)], stored)])).toBe("newly-blocked");
});

test("a counter keeps little, however much it counts", () => {
  const counter = createEventCounter([100]);
  for (let second = 0; second < 10_000; second += 1) {
    counter.add(after(second), 1);
  }

  expect(counter.within(100, after(9999))).toBeGreaterThanOrEqual(97);
  expect(counter.within(100, after(9999))).toBeLessThanOrEqual(103);
  expect(counter.within(100, after(20_000))).toBe(0);
  expect(counter.within(7, after(9999))).toBe(0);
  expect(counter.within(100, after(5000))).toBe(0); // forgotten by now
  counter.add(after(9950), 5);
  expect(counter.within(100, after(9999))).toBeGreaterThanOrEqual(102);
});

test("the policy that has decided changes nothing, whatever happened", () => {
  const finding = fc.oneof(
    fc.nat(9).map(virustotal),
    fc.constantFrom(0, 49, 50, 89, 90, 100).map(abuseipdb),
    fc.constantFrom("virustotal", "abuseipdb").map((name) => failed(name)),
  );
  const step = fc.record({
    hours: fc.integer({ min: 1, max: 40 }),
    findings: fc.array(finding, { minLength: 1, maxLength: 2 }),
    mode: fc.constantFrom("enforce" as const, "approve" as const),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const test = createBacktest({ policy: defaultPolicy, protectedReason: () => null });
      for (const one of lived(steps)) {
        test.add(one);
      }

      expect(test.result().items).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

interface Step {
  readonly hours: number;
  readonly findings: readonly Finding[];
  readonly mode: "enforce" | "approve";
}

/** The decisions about one address as they would have been made, with what each had left standing. */
function lived(steps: readonly Step[]): readonly PastDecision[] {
  const decisions: Decision[] = [];
  const offences: { from: Date; until: Date }[] = [];
  let heldUntil: Date | null = null;
  let hours = 0;
  for (const { findings, mode, ...step } of steps) {
    hours += step.hours;
    const now = after(hours * hour);
    const last = offences.at(-1);
    const expiresAt = last?.until ?? now;
    const block = {
      id: "bl_1",
      prefix: prefix("203.0.113.45/32"),
      mode: "enforce",
      groups: null,
      decisionId: "de_1",
      createdAt: now,
      expiresAt,
    } as const;
    const isBlocked = expiresAt > now;
    const decision = decideOn(isBlocked ? [] : findings, {
      alertId: `al_${hours}`,
      mode,
      now,
      offences: [...offences],
      standing: { block: isBlocked ? block : null, heldUntil, graceUntil: null },
    });
    if (decision.action === "block") {
      offences.push({ from: now, until: decision.expiresAt ?? now });
      heldUntil = null;
    }
    heldUntil = decision.action === "hold" ? decision.expiresAt : heldUntil;
    decisions.push(decision);
  }
  return decisions.map((decision) => pastOf(decision));
}
