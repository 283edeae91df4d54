import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/domain/finding.ts";
import { abuseipdb, failed, virustotal } from "../fakes/findings.ts";
import { after, ip, sampleDecision } from "../fakes/samples.ts";
import { asking, backtest, changeBy, hour, mild, past, pastOf, strict } from "./backtest-desk.ts";
import { attacker, least, nothingStands, policyWith, rule } from "./decide-desk.ts";

describe("another policy", () => {
  test.each([
    ["newly-blocked", strict, [virustotal(1), abuseipdb(0)]],
    ["newly-blocked", strict, [virustotal(2), abuseipdb(0)]],
    ["freed", mild, [virustotal(8), abuseipdb(0)]],
    ["held", asking, [virustotal(8), abuseipdb(0)]],
    ["held", asking, [virustotal(1), abuseipdb(0)]],
    ["released-from-hold", mild, [virustotal(2), abuseipdb(0)]],
    ["same", asking, [virustotal(2), abuseipdb(0)]],
    ["same", strict, [virustotal(8)]],
    ["same", mild, [virustotal(1), abuseipdb(0)]],
  ] as const)("%s: %#", (change, policy, findings) => {
    expect(changeBy(policy, [past(findings)])).toBe(change);
  });

  test("is told with what was, what would be, and why", () => {
    const result = backtest(strict, [past([virustotal(1), abuseipdb(0)], { count: 9 }), past([], { at: 1 })]);

    expect(result).toMatchObject({
      decisions: 2,
      blocks: { were: 0, would: 1 },
      counts: {
        "newly-blocked": 1,
        freed: 0,
        held: 0,
        "released-from-hold": 0,
        unclear: 0,
        same: 0,
      },
    });
    expect(result.items).toEqual([
      {
        ip: attacker,
        was: "watch",
        would: "block",
        change: "newly-blocked",
        at: after(0),
        searchName: "SSH brute force",
        events: 14,
        reasons: expect.arrayContaining([
          "VirusTotal: 1 of 94 engines calls it malicious (rule: at least 1)",
        ]),
      },
    ]);
  });

  test("is unclear where it asks a provider about which nothing is stored", () => {
    const asksMore = policyWith({ block: [rule([least("greynoise.malicious", 1)])], hold: [] });
    const both = policyWith({
      block: [rule([least("greynoise.malicious", 1), least("virustotal.malicious", 50)])],
      hold: [],
    });

    expect(changeBy(asksMore, [past([virustotal(8), abuseipdb(0)])])).toBe("unclear");
    expect(changeBy(both, [past([virustotal(8), abuseipdb(0)])])).toBe("freed");
    expect(changeBy(strict, [past([abuseipdb(95)])])).toBe("unclear");
    expect(changeBy(strict, [past([abuseipdb(95), failed("virustotal")])])).toBe("held");
  });

  test("could not have asked whom nobody could ask then", () => {
    expect(changeBy(mild, [past([abuseipdb(10)], { inputs: { missing: ["virustotal"] } })])).toBe("same");
  });

  test("has policies of its own for some searches", () => {
    const search = { groups: null, mode: null, severity: null, fields: null };
    const searches = [{ ...search, name: "ssh *", policy: strict }];
    const decisions = [past([virustotal(1), abuseipdb(0)])];

    expect(backtest(mild, decisions, { searches }).counts["newly-blocked"]).toBe(1);
    expect(backtest(mild, decisions).counts.same).toBe(1);
  });

  test("may not block what is protected today", () => {
    const protectedReason = () => "on the allow-list";

    expect(backtest(strict, [past([virustotal(1)])], { protectedReason }).counts.same).toBe(1);
    expect(backtest(strict, [past([virustotal(8)])], { protectedReason }).items[0]).toMatchObject({
      change: "freed",
      would: "ignore",
      reasons: ["protected: on the allow-list"],
    });
  });

  test("changes nothing about what was protected, let out or on the allow-list then", () => {
    const graced = { ...nothingStands, graceUntil: after(9 * hour) };
    const byStore = sampleDecision("de_9", { ip: attacker, action: "ignore", reasons: ["allow-list: ours"] });

    expect(changeBy(strict, [past([virustotal(8)], { protectedReason: "ours" })])).toBe("same");
    expect(changeBy(strict, [past([virustotal(8)], { standing: graced })])).toBe("same");
    expect(changeBy(strict, [pastOf({ ...byStore, findings: [virustotal(8)] })])).toBe("same");
  });
});

test("the most important comes first", () => {
  const at = (address: string, findings: readonly Finding[], count = 1) =>
    past(findings, { ip: ip(address), count });
  const result = backtest(strict, [
    at("203.0.113.1", [abuseipdb(60)]),
    at("203.0.113.2", [virustotal(0), abuseipdb(95)]),
    at("203.0.113.3", [virustotal(1), abuseipdb(0)]),
    at("203.0.113.4", [virustotal(1), abuseipdb(0)], 9),
    at("203.0.113.5", [virustotal(0), abuseipdb(0)]),
  ]);

  expect(result.items.map(({ ip, change }) => `${ip} ${change}`)).toEqual([
    "203.0.113.4 newly-blocked",
    "203.0.113.3 newly-blocked",
    "203.0.113.2 held",
    "203.0.113.1 unclear",
  ]);
  expect(result.counts.same).toBe(1);
});
