import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress, IpPrefix } from "../../domain/ip-address.ts";
import { presentFacts } from "../read-answer.ts";

export const spamhausLists = { 4: "spamhaus-drop-v4", 6: "spamhaus-drop-v6" } as const;

/** What being in a listed network says about an address. The credit is a condition of the list's use. */
export function listedEvidence(
  listed: { readonly prefix: IpPrefix; readonly note: string; readonly version: string },
  ip: IpAddress,
): Evidence {
  const { prefix, note, version } = listed;
  const isRecord = /^SBL\d+$/.test(note);
  const of = version === "" ? "" : ` of ${version.slice(0, 10)}`;
  return {
    numbers: { listed: 1 },
    times: {},
    hints: [],
    asn: null,
    facts: presentFacts([
      ["Listed as", note],
      ["Network", prefix],
      ["Source", `Spamhaus DROP${of}, © The Spamhaus Project`],
    ]),
    link: isRecord
      ? `https://check.spamhaus.org/sbl/query/${note}`
      : `https://check.spamhaus.org/results/?query=${encodeURIComponent(ip)}`,
  };
}
