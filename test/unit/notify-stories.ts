import type { Enforcement } from "../../src/domain/block.ts";
import type { Decision } from "../../src/domain/decision.ts";
import { type IpAddress, parseIpAddress, prefixOf } from "../../src/domain/ip-address.ts";
import type { Alarm, News, Story } from "../../src/ports.ts";
import { sampleInputs } from "../fakes/samples.ts";

export function ip(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) {
    throw new Error(`${text} is no address`);
  }
  return parsed;
}

const receivedAt = new Date("2026-11-20T13:00:00.000Z");
export const decidedAt = new Date("2026-11-20T13:00:00.200Z");
export const endsAt = new Date("2026-11-21T13:00:00.200Z");

export const attacker = ip("203.0.113.45");

/** Evidence that says nothing of these. */
export const silent = { times: {}, hints: [], asn: null } as const;

const decision: Decision = {
  id: "de_0123456789abcdef0123456789abcdef",
  alertId: "al_fedcba9876543210fedcba9876543210",
  ip: attacker,
  action: "block",
  holdCause: null,
  reasons: [
    "VirusTotal: 8 of 94 engines call it malicious (rule: at least 5)",
    "AbuseIPDB: abuse score 97 of 100, 412 reports by 87 reporters",
    "Splunk counted 57 events",
  ],
  rule: "virustotal.malicious >= 5",
  policyVersion: "sha256:0123456789ab",
  mode: "enforce",
  findings: [
    {
      provider: "virustotal",
      ip: attacker,
      status: "known",
      foundAt: decidedAt,
      expiresAt: endsAt,
      evidence: {
        ...silent,
        numbers: { malicious: 8, suspicious: 1, harmless: 60, undetected: 25, reputation: -12 },
        facts: [
          ["Network", "203.0.113.0/24"],
          ["Owner", "EXAMPLE-AS (AS64500)"],
          ["Country", "DE"],
        ],
        link: "https://www.virustotal.com/gui/ip-address/203.0.113.45",
      },
    },
    {
      provider: "abuseipdb",
      ip: attacker,
      status: "known",
      foundAt: decidedAt,
      expiresAt: endsAt,
      evidence: {
        ...silent,
        numbers: { score: 97, reports: 412, reporters: 87 },
        facts: [["Provider", "Example Hosting"]],
        link: "https://www.abuseipdb.com/check/203.0.113.45",
      },
    },
  ],
  inputs: sampleInputs({ count: 57 }),
  shadow: null,
  actor: "policy",
  decidedAt,
  expiresAt: endsAt,
};

export function enforcement(firewall: string, change: Partial<Enforcement> = {}): Enforcement {
  return {
    blockId: "bl_1",
    firewall,
    state: "verified",
    requestedAt: decidedAt,
    appliedAt: null,
    endedAt: null,
    packets: 0,
    bytes: 0,
    verifiedAt: new Date("2026-11-20T13:00:00.342Z"),
    error: null,
    ...change,
  };
}

/** A confirmed attacker, blocked on two firewalls. */
export const blocked: Story = {
  decision,
  alert: {
    id: decision.alertId,
    source: "splunk-webhook",
    sid: "scheduler__admin__search__RMD5_at_1763643600_1",
    searchName: "SSH brute force",
    app: "search",
    owner: "admin",
    resultsLink: "https://splunk.example.com/app/search/@go?sid=scheduler__admin&x='1'",
    rows: [],
    extras: null,
    settings: null,
    receivedAt,
  },
  sighting: { ip: attacker, count: 57, fields: ["src_ip", "values(src)"], severity: null },
  block: {
    id: "bl_1",
    prefix: prefixOf(attacker),
    mode: "enforce",
    groups: null,
    decisionId: decision.id,
    createdAt: decidedAt,
    expiresAt: endsAt,
  },
  enforcements: [
    enforcement("edge-1"),
    enforcement("edge-2", { verifiedAt: new Date("2026-11-20T13:00:03.200Z") }),
  ],
};

/** As a notifier gets it. */
export function tell(about: Story): News {
  return { kind: "decision", story: about };
}

/** The same story with another decision, alert or block. The block is on the decision's address unless told otherwise. */
export function story(
  change: {
    readonly decision?: Partial<Decision>;
    readonly alert?: Partial<Story["alert"]>;
    readonly sighting?: Partial<Story["sighting"]>;
    readonly block?: Partial<Story["block"]> | null;
    readonly enforcements?: readonly Enforcement[];
  } = {},
): Story {
  const decision = { ...blocked.decision, ...change.decision };
  return {
    decision,
    alert: { ...blocked.alert, ...change.alert },
    sighting: { ...blocked.sighting, ...change.sighting },
    block:
      change.block === null || blocked.block === null
        ? null
        : { ...blocked.block, prefix: prefixOf(decision.ip), ...change.block },
    enforcements: change.enforcements ?? blocked.enforcements,
  };
}

export const held = story({
  decision: {
    action: "hold",
    holdCause: "rule",
    rule: "virustotal.malicious >= 2",
    findings: [
      ...blocked.decision.findings.slice(0, 1),
      {
        provider: "abuseipdb",
        ip: attacker,
        status: "failed",
        reason: "AbuseIPDB: quota exhausted",
        foundAt: decidedAt,
        expiresAt: endsAt,
      },
    ],
  },
  block: null,
  enforcements: [],
});

export const observed = story({
  decision: { mode: "observe" },
  block: { mode: "observe" },
  enforcements: [],
});

export const partlyBlocked = story({
  enforcements: [
    enforcement("edge-1"),
    enforcement("edge-2", {
      state: "requested",
      verifiedAt: null,
      error: "edge-2: connect ETIMEDOUT 192.0.2.9:22",
    }),
    enforcement("edge-3", {
      state: "refused",
      verifiedAt: null,
      error: "the address is this host's gateway",
    }),
  ],
});

/** A key that a provider refuses. */
export function alarm(change: Partial<Alarm> = {}): Alarm {
  return {
    id: "ar_0123456789abcdef0123456789abcdef",
    key: "provider-key virustotal",
    message: "VirusTotal refuses the key",
    advice: "Put a valid key into VIRUSTOTAL_API_KEY and restart Portcullis.",
    raisedAt: decidedAt,
    endedAt: null,
    ...change,
  };
}
