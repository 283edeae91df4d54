import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import { presentFacts, presentTimes, timeOf } from "../read-answer.ts";

export const blacklistName = "abuseipdb-blacklist";

/** What is kept about an address on the list: `100,2026-11-19T20:55:14.000Z`. */
export function noteOf(score: number, reported: Date | undefined): string {
  return `${score},${reported?.toISOString() ?? ""}`;
}

/** What being on the list says about an address; `undefined` when the note is none of ours. */
export function listedEvidence(note: string, version: string, ip: IpAddress): Evidence | undefined {
  const [, score, time] = /^(\d{1,3}),(.*)$/.exec(note) ?? [];
  if (score === undefined) {
    return undefined;
  }
  const reported = timeOf(time);
  return {
    numbers: { score: Number(score) },
    times: presentTimes({ reported }),
    hints: [],
    asn: null,
    facts: presentFacts([
      ["Listed in", version === "" ? "AbuseIPDB blacklist" : `AbuseIPDB blacklist of ${version}`],
      ["Last reported", reported?.toISOString()],
    ]),
    link: `https://www.abuseipdb.com/check/${ip}`,
    isPartial: true,
  };
}
