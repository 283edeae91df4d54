import { cleanText } from "../../domain/clean-text.ts";
import type { Decision } from "../../domain/decision.ts";

/** More an import does not take, in UTF-16 code units; the shorter ones leave room for the mark of what was cut. */
const mostUnits = 200;
const lengths = [mostUnits, 180, 90];

/** What `Line` of an import refuses and `cleanText` lets pass, such as joiners inside of emoji. */
const refused = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Why a block stands, as an import takes it: what the person said who made it by hand, else the decision's reasons. */
export function writeReason(decision: Pick<Decision, "actor" | "reasons"> | undefined): string {
  const text = decision === undefined ? "" : saidByHand(decision);
  const told = lengths
    .map((most) => cleanText(text, most).replaceAll(refused, "\ufffd"))
    .find((line) => line.length <= mostUnits);
  return told === undefined || told === "" ? "no reason is on record" : told;
}

/** Without who did what: an import puts that before it anew. */
function saidByHand({ actor, reasons }: Pick<Decision, "actor" | "reasons">): string {
  const start = `${actor} blocked it by hand: `;
  const text = reasons.join("; ");
  return actor !== "policy" && text.startsWith(start) ? text.slice(start.length) : text;
}
