import type { AllowEntry } from "../../domain/allow-entry.ts";
import type { Block } from "../../domain/block.ts";
import type { ApiDeps } from "./deps.ts";

/** Puts an entry on the allow-list. @returns the blocks that it lifted */
export async function allow(
  { store, onAllowlistChanged, wakeFirewalls, log }: ApiDeps,
  entry: AllowEntry,
): Promise<readonly Block[]> {
  const lifted = await store.addAllowEntry(entry);
  const { id, prefix, actor, reason, owner, expiresAt } = entry;
  log.info({ id, prefix, actor, reason, owner, expiresAt, lifted: lifted.length }, "network allowed");
  if (lifted.length > 0) {
    wakeFirewalls();
  }
  await onAllowlistChanged();
  return lifted;
}
