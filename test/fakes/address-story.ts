import type { IpAddress } from "../../src/domain/ip-address.ts";
import type { ProviderNow } from "../../src/operate/tell-address.ts";
import type { AddressReport } from "../../src/ports.ts";

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
