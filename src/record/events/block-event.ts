import type { Block } from "../../domain/block.ts";
import type { Decision } from "../../domain/decision.ts";
import { toldText, toldTime, type ToldEvent } from "../../domain/told-event.ts";

/** What every event about a block says of it. From rows that may be damaged: what can't be read must not keep a result from being recorded. */
export interface ToldBlock {
  readonly block: Pick<Block, "id" | "mode" | "groups" | "decisionId" | "expiresAt"> & {
    readonly prefix: string;
  };
  readonly searchName: string | null;
}

export interface BlockChange {
  readonly change:
    | "decided"
    | "lift_requested"
    | "applied"
    | "verified"
    | "failed"
    | "refused"
    | "withdrawn"
    | "lifted"
    | "expired";
  /** Null when it is about the block as a whole. */
  readonly firewall: string | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
  /** From the alert to the moment when it was in force and read back; null for any other change. */
  readonly secondsToVerified: number | null;
  /** The block whose place it takes; null: none. */
  readonly replaces: string | null;
}

/** One change of one block, as a whole or on one firewall. */
export function blockEvent({ block, searchName }: ToldBlock, change: BlockChange): ToldEvent {
  const { firewall, at } = change;
  // As a whole it is decided once and lifted once.
  const which = firewall === null ? change.change : `${firewall}:${change.change}:${at.getTime()}`;
  return {
    id: `block:${block.id}:${which}`,
    kind: "block",
    at,
    fields: {
      block_id: block.id,
      decision_id: block.decisionId,
      prefix: block.prefix,
      src_ip: onlyAddress(block.prefix),
      change: change.change,
      firewall,
      mode: block.mode,
      groups: block.groups,
      expires_at: toldTime(block.expiresAt),
      actor: toldText(change.actor),
      reason: toldText(change.reason),
      search_name: toldText(searchName),
      seconds_to_verified: change.secondsToVerified,
      replaces: change.replaces,
    },
  };
}

/** The block of a decision was placed. */
export function decidedEvent(decision: Decision, block: Block, replaces: string | null): ToldEvent {
  return blockEvent(
    { block, searchName: decision.inputs.searchName },
    {
      change: "decided",
      firewall: null,
      actor: decision.actor,
      reason: decision.reasons[0] ?? null,
      at: decision.decidedAt,
      secondsToVerified: null,
      replaces,
    },
  );
}

function onlyAddress(prefix: string): string | null {
  const single = prefix.includes(":") ? "/128" : "/32";
  return prefix.endsWith(single) ? prefix.slice(0, -single.length) : null;
}
