import type { SightingReport } from "../ports.ts";

/** What stands for the fields of an alert where a person has named the network. */
export const fieldsByHand: readonly string[] = ["network"];

/** True for what a person blocked through the API, which no search has found: a field of a search may have the same name. */
export function isByHand({ sighting, searchName, decision }: SightingReport): boolean {
  return (
    searchName === null &&
    decision !== null &&
    decision.actor !== "policy" &&
    decision.rule === null &&
    decision.findings.length === 0 &&
    sighting.fields.join() === fieldsByHand.join()
  );
}
