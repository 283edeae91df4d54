import { describe, expect, test } from "vitest";
import { blockedUntil, type ProviderNow } from "../../src/operate/tell-address.ts";
import { tellForecast } from "../../src/operate/tell-forecast.ts";
import { abuseipdb, sampleReport } from "../fakes/address-story.ts";
import { after, sampleEnforcement } from "../fakes/samples.ts";

describe("the forecast for an address", () => {
  const watch = { action: "watch", reasons: ["no rule holds"], rule: null } as const;
  const virustotal: ProviderNow = { ...abuseipdb, name: "virustotal", title: "VirusTotal" };
  const usual = { decisionNow: { ...watch, missing: [] }, providers: [virustotal], isPaused: false };
  const last = (changes: Partial<Parameters<typeof tellForecast>[0]>) =>
    tellForecast({ ...usual, ...changes });

  test("names the providers that would be asked, and why they would be waited for", () => {
    const decisionNow = { ...watch, missing: ["virustotal", "abuseipdb"] };
    const refused = { ...virustotal, state: "refused", notBefore: after(14_400) } as const;

    expect(last({ decisionNow, providers: [virustotal, abuseipdb] })).toBe(
      "An alert about it now would ask VirusTotal and AbuseIPDB first; without them it would be decided: watch, because no rule holds.",
    );
    expect(last({ decisionNow, providers: [refused, { ...abuseipdb, state: "exhausted" }] })).toBe(
      "An alert about it now would wait for VirusTotal and AbuseIPDB (VirusTotal refuses the key, tried again 2026-11-21 13:00 UTC; AbuseIPDB has nothing left of its budget); with what is known it would be decided: watch, because no rule holds.",
    );
  });

  test("is a hold while new blocks are paused, only of what would be blocked", () => {
    const block = { action: "block", reasons: ["8 engines"], rule: null, missing: [] } as const;

    expect(last({ decisionNow: block, isPaused: true })).toBe(
      "An alert about it now would be held: new blocks are paused; else it would be blocked, because 8 engines.",
    );
    expect(last({ decisionNow: block })).toBe(
      "An alert about it now would be decided: block, because 8 engines.",
    );
    expect(last({ isPaused: true })).toMatch(/would be decided: watch/);
  });
});

const standing = sampleReport();

test.each([
  [
    [],
    "on record as blocked until 2026-11-22 09:00 UTC, and in force nowhere: no firewall is configured for it",
  ],
  [["requested", "failed"], "to be blocked until 2026-11-22 09:00 UTC, in force on 0 of 2 firewalls"],
  [["requested", "verified"], "blocked until 2026-11-22 09:00 UTC"],
] as const)("a block whose firewalls are %j says how far it is", (states, words) => {
  const enforcements = states.map((state, n) => sampleEnforcement({ firewall: `edge${n}`, state }));

  expect(blockedUntil({ ...standing, enforcements })).toBe(words);
});
