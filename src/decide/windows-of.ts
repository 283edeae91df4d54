import type { Policy } from "../domain/policy.ts";

/** The windows, in seconds, in which these policies count events; each once, shortest first. */
export function windowsOf(
  policies: readonly Pick<Policy, "block" | "hold" | "sightings">[],
): readonly number[] {
  const needs = policies.flatMap(({ block, hold, sightings }) => [
    sightings,
    ...[...block, ...hold].map((rule) => rule.sightings),
  ]);
  const windows = new Set(needs.flatMap((need) => (need === null ? [] : [need.seconds])));
  return [...windows].toSorted((a, b) => a - b);
}
