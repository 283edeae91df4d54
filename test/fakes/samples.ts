import type { Alert } from "../../src/domain/alert.ts";
import type { Enforcement } from "../../src/domain/block.ts";
import type { Decision, DecisionInputs } from "../../src/domain/decision.ts";
import {
  type IpAddress,
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
  prefixOf,
} from "../../src/domain/ip-address.ts";
import type { Claim, DecisionRecord, FirewallRecord, Store } from "../../src/ports.ts";

/** The moment at which tests begin. */
export const t0 = new Date("2026-11-21T09:00:00.000Z");

/** So many seconds after `t0`. */
export function after(seconds: number): Date {
  return new Date(t0.getTime() + seconds * 1000);
}

export function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) {
    throw new Error(`${text} is no address`);
  }
  return address;
}

export function prefix(text: string): IpPrefix {
  const network = parseIpPrefix(text);
  if (network === undefined) {
    throw new Error(`${text} is no network`);
  }
  return network;
}

export function sampleAlert(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    id,
    source: "splunk-webhook",
    sid: "scheduler__admin__search__1",
    searchName: "SSH brute force",
    app: "search",
    owner: "admin",
    resultsLink: "https://splunk.example/app/search?sid=1",
    rows: [[["src_ip", ["203.0.113.9"]]]],
    extras: null,
    settings: null,
    receivedAt: t0,
    ...changes,
  };
}

export function sampleDecision(id: string, changes: Partial<Decision> = {}): Decision {
  return {
    id,
    alertId: "al_1",
    ip: ip("203.0.113.9"),
    action: "block",
    holdCause: changes.action === "hold" ? "rule" : null,
    reasons: ["8 of 90 engines call it malicious"],
    rule: "virustotal.malicious >= 2",
    policyVersion: "sha256:0123456789ab",
    mode: "enforce",
    findings: [],
    inputs: sampleInputs(),
    shadow: null,
    actor: "policy",
    decidedAt: t0,
    expiresAt: after(3600),
    ...changes,
  };
}

export function sampleInputs(changes: Partial<DecisionInputs> = {}): DecisionInputs {
  return {
    searchName: "SSH brute force",
    severity: "medium",
    count: 7,
    activity: [],
    offences: 0,
    missing: [],
    ...changes,
  };
}

export function sampleClaim(changes: Partial<Claim> = {}): Claim {
  return { holder: "worker-1", limit: 100, now: t0, leaseMs: 60_000, ...changes };
}

/** The decision with two firewalls and one mail that is due 30 seconds after `t0`. */
export function recordOf(decision: Decision, changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    sightingId: "si_none",
    decision,
    prefix: prefixOf(decision.ip),
    groups: null,
    firewalls: ["edge-1", "edge-2"],
    notifications: [{ channel: "email", dueAt: after(30) }],
    holdSeconds: 86_400,
    limits: null,
    answers: null,
    ...changes,
  };
}

/** Not yet answered. */
export function sampleEnforcement(changes: Partial<Enforcement> = {}): Enforcement {
  return {
    blockId: "bl_1",
    firewall: "edge-1",
    state: "requested",
    requestedAt: t0,
    appliedAt: null,
    verifiedAt: null,
    endedAt: null,
    packets: 0,
    bytes: 0,
    error: null,
    ...changes,
  };
}

/** A firewall with which all is well. */
export function sampleFirewall(name: string, changes: Partial<FirewallRecord> = {}): FirewallRecord {
  return {
    name,
    state: "in-sync",
    error: null,
    checkedAt: t0,
    inSyncAt: t0,
    unreachableSince: null,
    drifts: 0,
    lastDrift: null,
    capacity: null,
    ownAddresses: [],
    ...changes,
  };
}

/** Inserts `al_1`, which names the address of `sampleDecision`. @returns the id of the claimed sighting */
export async function sight(
  store: Pick<Store, "insertAlerts" | "recordSightings" | "claimSightings">,
): Promise<string> {
  await store.insertAlerts([sampleAlert("al_1")]);
  await store.recordSightings(
    "al_1",
    [{ ip: ip("203.0.113.9"), count: 7, fields: ["src_ip"], severity: null }],
    t0,
  );
  const [sighting] = await store.claimSightings(sampleClaim());
  return sighting?.id ?? "";
}
