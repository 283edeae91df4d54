import { type Block, forever } from "../domain/block.ts";
import type { Grace } from "../domain/grace.ts";
import type { BlockReport } from "../ports.ts";

/** A block in JSON. `expiresAt` is null for one that stands until somebody lifts it. */
export function blockJson({ id, prefix, mode, groups, decisionId, createdAt, expiresAt }: Block) {
  return {
    id,
    prefix,
    mode,
    groups,
    decisionId,
    createdAt,
    expiresAt: expiresAt.getTime() >= forever.getTime() ? null : expiresAt,
  };
}

/** With what became of it, and how far it is on each firewall. */
export function blockReportJson({ block, state, endedAt, lifted, enforcements }: BlockReport) {
  return {
    ...blockJson(block),
    state,
    endedAt,
    lifted: lifted === null ? null : { ...lifted, liftedAt: endedAt },
    enforcements,
  };
}

/** Who let which network out, why, and until when alerts can't block it. */
export function graceJson({ prefix, until, actor, reason, liftedAt }: Grace) {
  return { prefix, until, actor, reason, liftedAt };
}
