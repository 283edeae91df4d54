import type { Enforcement } from "../domain/block.ts";
import type { BlockReport } from "../ports.ts";
import { counted, listed } from "./words.ts";

/** How far a block is, firewall by firewall, in sentences; empty for one that is enforced nowhere. */
export function tellEnforcements({ block, enforcements }: BlockReport): readonly string[] {
  const inForce = enforcements.filter(({ state }) => state === "verified");
  const others = enforcements.filter(({ state }) => state !== "verified");
  const packets = enforcements.reduce((sum, one) => sum + one.packets, 0);
  return [
    ...(inForce.length === 0 ? [] : [`In force on ${listed(inForce.map(verified))}.`]),
    ...others.map((one) => `On ${one.firewall}: ${stateWords(one)}.`),
    ...(packets === 0 ? [] : [`It has dropped ${counted(packets, "packet")} for ${block.prefix}.`]),
  ];
}

function stateWords({ state, error }: Enforcement): string {
  if (state === "expired" && error?.startsWith("replaced by ") === true) {
    return "another block took its place";
  }
  return `${words[state]}${error === null ? "" : ` (${error})`}`;
}

const words: Readonly<Record<Enforcement["state"], string>> = {
  requested: "not in force yet",
  applied: "put there, but packets may still pass",
  verified: "in force",
  refused: "refused by the host",
  failed: "failed",
  withdrawn: "taken off again, because the canary did not answer any more",
  lifting: "lifted, and still to be taken off",
  lifted: "lifted",
  expired: "its time was over",
};

function verified({ firewall, requestedAt, verifiedAt }: Enforcement): string {
  return verifiedAt === null
    ? firewall
    : `${firewall} (verified after ${elapsed(verifiedAt.getTime() - requestedAt.getTime())})`;
}

function elapsed(ms: number): string {
  return ms < 1000 ? `${Math.max(0, ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
