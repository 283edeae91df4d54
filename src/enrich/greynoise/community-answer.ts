import { z } from "zod";
import type { Evidence } from "../../domain/finding.ts";
import type { IpAddress } from "../../domain/ip-address.ts";
import {
  FactText,
  presentFacts,
  presentHints,
  presentNumbers,
  presentTimes,
  timeOf,
} from "../read-answer.ts";

/**
 * GreyNoise Community API v3, answer of `GET /v3/community/{ip}`; only what we use. `noise`: it scans the internet; `riot`: it belongs
 * to a service that businesses use.
 * Source: docs.greynoise.io, "Community API".
 */
export const CommunityAnswer = z.object({
  ip: z.string().nullish(),
  noise: z.boolean(),
  riot: z.boolean(),
  classification: FactText,
  name: FactText,
  last_seen: FactText,
});
export type CommunityAnswer = z.infer<typeof CommunityAnswer>;

/**
 * What the answer says; `undefined` when it never saw the address. Numbers, each 0 or 1: `malicious` (GreyNoise calls it so), `noise`.
 * Times: `seen`, to the day.
 */
export function evidenceOf(answer: CommunityAnswer, ip: IpAddress): Evidence | undefined {
  const { noise, riot, classification, name, last_seen: lastSeen } = answer;
  if (!noise && !riot) {
    return undefined;
  }
  const malicious = typeof classification === "string" ? Number(classification === "malicious") : undefined;
  return {
    numbers: presentNumbers({ malicious, noise: Number(noise) }),
    times: presentTimes({ seen: timeOf(lastSeen) }),
    hints: presentHints([
      ["business-service", riot],
      // Also services are called benign; only who scans is a scanner.
      ["research-scanner", noise && classification === "benign"],
    ]),
    asn: null,
    facts: presentFacts([
      ["Name", name],
      ["Classification", classification],
      ["Last seen", lastSeen],
      ["Business service", riot ? "yes" : undefined],
    ]),
    link: `https://viz.greynoise.io/ip/${ip}`,
  };
}
