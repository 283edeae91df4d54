import { plural } from "../notify/words.ts";
import type { BlockAnswer } from "./block-answer.ts";

/** What was asked for, in words. */
export interface Wanted {
  /** `Approved: `, or nothing. */
  readonly start: string;
  readonly address: string;
  /** `until 2026-11-21 13:00:00 UTC` */
  readonly until: string;
}

/** One line: it says blocked only when a firewall drops it. @param block null: nothing is known of it but that it stands */
export function blockHeadline(
  { start, address, until }: Wanted,
  block: Pick<BlockAnswer, "enforcements"> | null,
): string {
  if (block === null) {
    return `${start}${address} is blocked ${until}.\n`;
  }
  const { enforcements } = block;
  const inForce = enforcements.filter(({ state }) => state === "verified").length;
  if (inForce > 0) {
    return `${start}${address} is blocked ${until}.\n`;
  }
  return enforcements.length === 0
    ? `${start}${address} is on record as blocked ${until}.\n`
    : `${start}${address} is to be blocked ${until}, in force on 0 of ${plural(enforcements.length, "firewall")}.\n`;
}
