import type { AllowEntry } from "../../src/domain/allow-entry.ts";
import { prefix, t0 } from "./samples.ts";

/** One of the red team's scanner, without end. */
export function allowEntry(network: string, changes: Partial<AllowEntry> = {}): AllowEntry {
  return {
    id: `aw_${network}`,
    prefix: prefix(network),
    reason: "our scanner",
    owner: "red team",
    actor: "settings",
    createdAt: t0,
    expiresAt: null,
    ...changes,
  };
}
