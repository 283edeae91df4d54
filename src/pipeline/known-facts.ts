import { coversGroups } from "../domain/block.ts";
import { type BlockMode, blockModeOf } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Policy } from "../domain/policy.ts";
import type { AddressFacts } from "../ports.ts";
import type { Plan, PipelineDeps } from "./deps.ts";

type FactsDeps = Pick<PipelineDeps, "store" | "windows">;

/** Facts about addresses of searches in different modes: one reading for each mode. @param countedAt until when events are counted */
export async function readFacts(
  { store, windows }: FactsDeps,
  wanted: readonly { readonly ip: IpAddress; readonly plan: Plan }[],
  now: Date,
  countedAt = now,
): Promise<(ip: IpAddress, plan: Plan) => AddressFacts> {
  const byMode = new Map<BlockMode, ReadonlyMap<IpAddress, AddressFacts>>();
  for (const mode of ["observe", "enforce"] as const) {
    const ips = new Set(wanted.flatMap(({ ip, plan }) => (blockModeOf(plan.mode) === mode ? [ip] : [])));
    if (ips.size > 0) {
      byMode.set(mode, await store.factsOf([...ips], { mode, now, windows, countedAt }));
    }
  }
  return (ip, plan) => {
    const facts = byMode.get(blockModeOf(plan.mode))?.get(ip);
    if (facts === undefined) {
      throw new Error(`the store told nothing about ${ip}`);
    }
    return { ...facts, standing: forPlan(facts.standing, plan) };
  };
}

/** A block that is not in force on all firewalls of the plan settles nothing for them. */
function forPlan(standing: AddressFacts["standing"], { groups }: Plan): AddressFacts["standing"] {
  return standing.block !== null && coversGroups(standing.block.groups, groups)
    ? standing
    : { ...standing, block: null };
}

/** Blocked already, or let out by a person. */
export function isSettled({ standing }: AddressFacts): boolean {
  return standing.block !== null || standing.graceUntil !== null;
}

/**
 * One finding of each provider: an answer that is still good, else what a list on this machine says, else a failure that still
 * counts. A list also goes before "no data" and before what is known only in part.
 * @param since what was found out from then on counts although it has expired: one provider's answer must not be bought again
 * because another one's took longer than it lasts
 */
export function freshFindings(
  kept: readonly Finding[],
  local: readonly Finding[],
  now: Date,
  since: Date | null = null,
): readonly Finding[] {
  const fresh = kept.filter(
    (finding) =>
      isFresh(finding, now) ||
      (since !== null && finding.status !== "failed" && finding.foundAt >= since && !isAhead(finding, now)),
  );
  const listed = local.filter(
    ({ provider }) => !fresh.some((finding) => finding.provider === provider && isWhole(finding)),
  );
  return [
    ...fresh.filter(({ provider }) => !listed.some((finding) => finding.provider === provider)),
    ...listed,
  ];
}

/** A clock that was wrong once must not make a finding last for ever. */
const aheadMs = 5 * 60_000;

function isAhead({ foundAt }: Finding, now: Date): boolean {
  return foundAt.getTime() > now.getTime() + aheadMs;
}

function isFresh(finding: Finding, now: Date): boolean {
  return finding.expiresAt > now && !isAhead(finding, now);
}

function isWhole(finding: Finding): boolean {
  return finding.status === "known" && finding.evidence.isPartial !== true;
}

/** `findings`, with `newer` in the place of those of the same provider; that a list names the address stays true whoever does not know it. */
export function withNewer(findings: readonly Finding[], newer: readonly Finding[]): readonly Finding[] {
  const isReplaced = (old: Finding): boolean =>
    newer.some(
      ({ provider, status }) =>
        provider === old.provider && (status === "known" || old.status !== "known" || isWhole(old)),
    );
  return [...findings.filter((old) => !isReplaced(old)), ...newer];
}

/** What has expired, of those providers that can't be asked, where the policy allows it; marked. */
export function staleFindings(
  kept: readonly Finding[],
  waiting: readonly string[],
  { staleSeconds }: Policy,
  now: Date,
): readonly Finding[] {
  const oldest = now.getTime() - staleSeconds * 1000;
  return kept.flatMap((finding) =>
    // That it was not known then says nothing about now.
    finding.status === "known" &&
    waiting.includes(finding.provider) &&
    !isFresh(finding, now) &&
    finding.expiresAt.getTime() > oldest
      ? [{ ...finding, isStale: true as const }]
      : [],
  );
}
