import { describe, expect, test } from "vitest";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import { envelope } from "../../src/notify/hec/envelope.ts";
import { alarmEvent } from "../../src/record/events/alarm-event.ts";
import { blockEvent, decidedEvent } from "../../src/record/events/block-event.ts";
import { decisionEvent } from "../../src/record/events/decision-event.ts";
import { firewallEvent } from "../../src/record/events/firewall-event.ts";
import { abuseipdb, failed, known, virustotal } from "../fakes/findings.ts";
import { after, ip, prefix, sampleDecision, sampleFirewall, sampleInputs, t0 } from "../fakes/samples.ts";

const sender = { hostname: "blocker01", version: "0.2.0", index: null };

/** As Splunk gets it. The order of the fields counts too. */
const sent = (event: ToldEvent): string => JSON.stringify(JSON.parse(envelope(event, sender)), null, 2);

const block = {
  id: "bl_1",
  prefix: prefix("203.0.113.9/32"),
  mode: "enforce",
  groups: null,
  decisionId: "de_1",
  createdAt: t0,
  expiresAt: after(3600),
} as const;

describe("an event as Splunk gets it: these are the fields that its dashboards use", () => {
  test("a decision", () => {
    const vt = virustotal(8);
    const located =
      vt.status === "known"
        ? {
            ...vt,
            evidence: {
              ...vt.evidence,
              asn: 64_496,
              facts: [
                ["AS owner", "Example Ltd"],
                ["Country", "NL"],
              ] as const,
            },
          }
        : vt;
    const decision = sampleDecision("de_1", {
      reasons: ["8 of 94 engines call it malicious", "score 90"],
      findings: [located, abuseipdb(90), failed("greynoise")],
      inputs: sampleInputs({ offences: 2, missing: ["greynoise"] }),
    });

    expect(sent(decisionEvent(decision))).toMatchInlineSnapshot(`
      "{
        "time": 1795251600,
        "host": "blocker01",
        "source": "portcullis",
        "sourcetype": "portcullis:decision",
        "event": {
          "event_id": "decision:de_1",
          "kind": "decision",
          "vendor_product": "Portcullis",
          "product_version": "0.2.0",
          "decision_id": "de_1",
          "alert_id": "al_1",
          "decision": "block",
          "mode": "enforce",
          "src_ip": "203.0.113.9",
          "search_name": "SSH brute force",
          "severity": "medium",
          "count": 7,
          "offences": 2,
          "reason": "8 of 94 engines call it malicious",
          "rule": "virustotal.malicious >= 2",
          "policy_version": "sha256:0123456789ab",
          "actor": "policy",
          "expires_at": "2026-11-21T10:00:00.000Z",
          "country": "NL",
          "asn": 64496,
          "as_owner": "Example Ltd",
          "virustotal_malicious": 8,
          "virustotal_suspicious": 1,
          "virustotal_harmless": 60,
          "virustotal_undetected": 25,
          "abuseipdb_score": 90,
          "abuseipdb_reports": 41,
          "abuseipdb_reporters": 12,
          "providers_missing": [
            "greynoise"
          ],
          "reasons": [
            "8 of 94 engines call it malicious",
            "score 90"
          ]
        }
      }"
    `);
  });

  test("the block of a decision", () => {
    expect(sent(decidedEvent(sampleDecision("de_1"), block, "bl_0"))).toMatchInlineSnapshot(`
      "{
        "time": 1795251600,
        "host": "blocker01",
        "source": "portcullis",
        "sourcetype": "portcullis:block",
        "event": {
          "event_id": "block:bl_1:decided",
          "kind": "block",
          "vendor_product": "Portcullis",
          "product_version": "0.2.0",
          "block_id": "bl_1",
          "decision_id": "de_1",
          "prefix": "203.0.113.9/32",
          "src_ip": "203.0.113.9",
          "change": "decided",
          "mode": "enforce",
          "expires_at": "2026-11-21T10:00:00.000Z",
          "actor": "policy",
          "reason": "8 of 90 engines call it malicious",
          "search_name": "SSH brute force",
          "replaces": "bl_0"
        }
      }"
    `);
  });

  test("a block that is in force on one firewall", () => {
    const change = {
      change: "verified",
      firewall: "edge-1",
      actor: "policy",
      reason: null,
      at: after(1.234),
      secondsToVerified: 1.234,
      replaces: null,
    } as const;
    const wide = { ...block, prefix: prefix("203.0.113.0/24"), groups: ["dmz"] };

    expect(sent(blockEvent({ block: wide, searchName: null }, change))).toMatchInlineSnapshot(`
      "{
        "time": 1795251601.234,
        "host": "blocker01",
        "source": "portcullis",
        "sourcetype": "portcullis:block",
        "event": {
          "event_id": "block:bl_1:edge-1:verified:1795251601234",
          "kind": "block",
          "vendor_product": "Portcullis",
          "product_version": "0.2.0",
          "block_id": "bl_1",
          "decision_id": "de_1",
          "prefix": "203.0.113.0/24",
          "change": "verified",
          "firewall": "edge-1",
          "mode": "enforce",
          "groups": [
            "dmz"
          ],
          "expires_at": "2026-11-21T10:00:00.000Z",
          "actor": "policy",
          "seconds_to_verified": 1.234
        }
      }"
    `);
  });

  test("a firewall", () => {
    const record = sampleFirewall("edge-1", {
      state: "unreachable",
      error: "timed out",
      unreachableSince: after(5),
      drifts: 2,
      capacity: { used: 7, most: 1000 },
    });

    expect(sent(firewallEvent(record, after(9)))).toMatchInlineSnapshot(`
      "{
        "time": 1795251609,
        "host": "blocker01",
        "source": "portcullis",
        "sourcetype": "portcullis:firewall",
        "event": {
          "event_id": "firewall:edge-1:1795251609000",
          "kind": "firewall",
          "vendor_product": "Portcullis",
          "product_version": "0.2.0",
          "firewall": "edge-1",
          "state": "unreachable",
          "error": "timed out",
          "in_sync": false,
          "in_sync_at": "2026-11-21T09:00:00.000Z",
          "checked_at": "2026-11-21T09:00:00.000Z",
          "unreachable_since": "2026-11-21T09:00:05.000Z",
          "drifts": 2,
          "entries_used": 7,
          "entries_most": 1000
        }
      }"
    `);
  });

  test("an alarm that has ended", () => {
    const alarm = {
      id: "ar_1",
      key: "limit",
      message: "Too many new blocks.",
      advice: "Look at them.",
      raisedAt: t0,
      endedAt: after(60),
    };

    expect(sent(alarmEvent(alarm))).toMatchInlineSnapshot(`
      "{
        "time": 1795251660,
        "host": "blocker01",
        "source": "portcullis",
        "sourcetype": "portcullis:alarm",
        "event": {
          "event_id": "alarm:ar_1:ended",
          "kind": "alarm",
          "vendor_product": "Portcullis",
          "product_version": "0.2.0",
          "alarm_id": "ar_1",
          "alarm_key": "limit",
          "state": "ended",
          "message": "Too many new blocks.",
          "advice": "Look at them.",
          "raised_at": "2026-11-21T09:00:00.000Z",
          "ended_at": "2026-11-21T09:01:00.000Z"
        }
      }"
    `);
  });
});

describe("text from outside", () => {
  test("stays on one line, is cut, and can't become a field, another event or a header", () => {
    const hostile = `x","event_id":"forged"}\n{"event":"forged"}\r\n\u0000\u202e${"y".repeat(9000)}`;
    const decision = sampleDecision("de_1", {
      reasons: Array.from({ length: 30 }, () => hostile),
      rule: hostile,
      inputs: sampleInputs({ searchName: hostile }),
    });

    const text = envelope(decisionEvent(decision), sender);
    const { event }: { readonly event: Readonly<Record<string, unknown>> } = JSON.parse(text);

    expect(text).not.toMatch(/[\r\n\0\u202e]/);
    expect(event["event_id"]).toBe("decision:de_1");
    expect(String(event["search_name"]).length).toBeLessThan(520);
    expect(event["reasons"]).toHaveLength(11);
    // What searches and dashboards need stands before what Splunk may not look through.
    expect(Object.keys(event).at(-1)).toBe("reasons");
    expect(text.indexOf('"reasons"')).toBeLessThan(4000);
  });

  test("names a number only by word characters", () => {
    const decision = sampleDecision("de_1", { findings: [known("own list.v4", { score: 1 })] });

    expect(decisionEvent(decision).fields).toHaveProperty("own_list_v4_score", 1);
  });
});

test("the index stands beside the event when it is set, and an IPv6 address is told by itself", () => {
  const about = { ...block, prefix: prefix("2001:db8::5/128") };
  const decision = sampleDecision("de_1", { ip: ip("2001:db8::5") });
  const event = decidedEvent(decision, about, null);

  expect(JSON.parse(envelope(event, { ...sender, index: "security" }))).toMatchObject({
    index: "security",
    event: { src_ip: "2001:db8::5" },
  });
});
