import type { IpAddress } from "../../src/domain/ip-address.ts";
import type { ProviderNow } from "../../src/operate/tell-address.ts";
import type { AddressReport, BlockReport } from "../../src/ports.ts";
import { after, prefix, t0 } from "./samples.ts";

/** Of an address that nobody has seen. */
export function emptyReport(ip: IpAddress): AddressReport {
  return {
    ip,
    sightings: [],
    events: 0,
    firstSeenAt: null,
    lastSeenAt: null,
    findings: [],
    lookUps: [],
    decisions: [],
    holds: [],
    blocks: [],
    graces: [],
    receipts: [],
  };
}

/** A provider that is well. */
export const abuseipdb: ProviderNow = {
  name: "abuseipdb",
  title: "AbuseIPDB",
  state: "ok",
  notBefore: null,
  trouble: null,
};

/** A block on 203.0.113.9 that stands and is for no firewall yet. */
export function sampleReport(changes: Partial<BlockReport> = {}): BlockReport {
  return {
    block: {
      id: "bl_1",
      prefix: prefix("203.0.113.9"),
      mode: "enforce",
      groups: null,
      decisionId: "de_1",
      createdAt: t0,
      expiresAt: after(86_400),
    },
    state: "standing",
    endedAt: null,
    lifted: null,
    enforcements: [],
    ...changes,
  };
}
