import type { z } from "zod";
import type { AddressAnswer } from "../../src/operate/api/address-shapes.ts";

type Answer = z.input<typeof AddressAnswer>;

/** What would do harm if anything took it for more than text. */
export const hostileText =
  "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><b>{{x}}$ip$javascript:alert(3)";

const at = "2026-11-21T09:00:00.000Z";

/** The API's answer about an address with everything in it, and `text` wherever somebody else's text can be. */
export function hostileAnswer(text: string = hostileText): Answer {
  const decision = decisionOf(text);
  return {
    ip: "203.0.113.77",
    story: [text, text],
    protected: null,
    now: {
      action: "block",
      holdCause: null,
      reasons: [text, text],
      rule: text,
      policyVersion: text,
      mode: "enforce",
      missing: [text],
    },
    allowlist: [
      {
        id: text,
        prefix: text,
        reason: text,
        owner: text,
        actor: text,
        createdAt: at,
        expiresAt: null,
        removable: true,
      },
    ],
    events: 7,
    firstSeenAt: at,
    lastSeenAt: at,
    sightings: [sightingOf(text, decision), sightingOf(text, null)],
    findings: [findingOf(text, true), findingOf(text, false)],
    lookUps: [{ provider: text, place: 1, since: at, dueAt: at }],
    decisions: [decision],
    approvals: [],
    blocks: [blockOf(text)],
    graces: [{ prefix: text, until: at, actor: text, reason: text, liftedAt: at }],
    receipts: [],
  };
}

function decisionOf(text: string): Answer["decisions"][number] {
  return {
    id: text,
    alertId: text,
    ip: "203.0.113.77",
    action: "hold",
    holdCause: "rule",
    reasons: [text],
    rule: text,
    policyVersion: text,
    mode: "approve",
    findings: [],
    inputs: {
      searchName: text,
      severity: "high",
      count: 7,
      activity: [],
      offences: 1,
      missing: [text],
      askedMode: "approve",
    },
    shadow: null,
    actor: text,
    decidedAt: at,
    expiresAt: null,
  };
}

function sightingOf(text: string, decision: Answer["decisions"][number] | null): Answer["sightings"][number] {
  return {
    ip: "203.0.113.77",
    count: 7,
    fields: [text, text],
    severity: "high",
    alertId: text,
    searchName: text,
    note: text,
    seenAt: at,
    decision,
    error: text,
    dueAt: at,
  };
}

function findingOf(text: string, isKnown: boolean): Answer["findings"][number] {
  return {
    provider: text,
    ip: "203.0.113.77",
    status: isKnown ? "known" : "failed",
    reason: isKnown ? null : text,
    stale: true,
    foundAt: at,
    expiresAt: at,
    evidence: isKnown
      ? {
          numbers: { [text]: 9 },
          times: { [text]: at },
          hints: ["tor"],
          asn: 64_496,
          facts: [[text, text]],
          link: `javascript:${text}`,
        }
      : null,
  };
}

function blockOf(text: string): Answer["blocks"][number] {
  return {
    id: text,
    prefix: text,
    mode: "enforce",
    groups: [text],
    decisionId: text,
    createdAt: at,
    expiresAt: null,
    state: "standing",
    endedAt: null,
    lifted: { actor: text, reason: text, graceUntil: at, liftedAt: null },
    enforcements: [
      {
        blockId: text,
        firewall: text,
        state: "failed",
        requestedAt: at,
        appliedAt: at,
        verifiedAt: null,
        endedAt: null,
        packets: 12,
        bytes: 900,
        error: text,
      },
    ],
  };
}
