import type { Finding } from "../domain/finding.ts";

/**
 * Findings in an order that depends only on what they say: by provider as configured, then by name; of one provider the most
 * telling first: known before unknown before failed, fresh before stale, whole before partial, newest first.
 */
export function sortFindings(
  findings: readonly Finding[],
  providers: readonly { readonly name: string }[],
): readonly Finding[] {
  const places = new Map(providers.map(({ name }, place) => [name, place]));
  const placeOf = ({ provider }: Finding) => places.get(provider) ?? providers.length;
  return findings.toSorted(
    (a, b) => placeOf(a) - placeOf(b) || compareTexts(a.provider, b.provider) || compareWeights(a, b),
  );
}

const ranks = { known: 0, unknown: 1, failed: 2 } as const;

/** Negative when `a` tells more than `b`, which is of the same provider. */
export function compareWeights(a: Finding, b: Finding): number {
  return (
    ranks[a.status] - ranks[b.status] ||
    flag(isStale(a)) - flag(isStale(b)) ||
    flag(isPartial(a)) - flag(isPartial(b)) ||
    b.foundAt.getTime() - a.foundAt.getTime() ||
    compareTexts(JSON.stringify(a), JSON.stringify(b))
  );
}

function isStale(finding: Finding): boolean {
  return finding.status !== "failed" && finding.isStale === true;
}

/** Whether it says nothing of what the provider would say about the address alone. */
function isPartial(finding: Finding): boolean {
  return finding.status === "known" && finding.evidence.isPartial === true;
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
