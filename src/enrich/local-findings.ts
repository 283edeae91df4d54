import type { Evidence, Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import { blacklistName, listedEvidence as blacklisted } from "./abuseipdb/blacklist-note.ts";
import type { ListIndex, Listing } from "./list-index.ts";
import { listedEvidence as dropped, spamhausLists } from "./spamhaus-drop/listed-evidence.ts";

/**
 * What lists on this machine say about an address, for nothing. That it is on none of them says nothing: then there is no finding.
 * A finding of a provider that can be asked too is partial.
 */
export function localFindings(ip: IpAddress, index: ListIndex, now: Date): readonly Finding[] {
  return index(ip, now).flatMap((listing): readonly Finding[] => {
    const said = saidBy(listing, ip);
    return said === undefined
      ? []
      : [{ ...said, status: "known", ip, foundAt: listing.checkedAt, expiresAt: listing.usableUntil }];
  });
}

function saidBy(
  { list, note, version, prefix }: Listing,
  ip: IpAddress,
): { readonly provider: string; readonly evidence: Evidence } | undefined {
  if (list === spamhausLists[4] || list === spamhausLists[6]) {
    return { provider: "spamhaus-drop", evidence: dropped({ prefix, note, version }, ip) };
  }
  const evidence = list === blacklistName ? blacklisted(note, version, ip) : undefined;
  return evidence && { provider: "abuseipdb", evidence };
}
