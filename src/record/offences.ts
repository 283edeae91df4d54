import type { AddressFacts } from "../ports.ts";

/** A block that nobody lifted. */
interface BlockSpan {
  readonly prefix: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
}

interface Spell {
  readonly from: number;
  readonly until: number;
}

const mostTold = 100;

/**
 * Times that are over in which an address was blocked, oldest first. A block that another one took the place of counts with that one,
 * and blocks that were in force at the same time count once: whoever is blocked can't do it again.
 * @param blocks those that cover the address and that nobody lifted
 */
export function offencesOf(blocks: readonly BlockSpan[], nowMs: number): AddressFacts["offences"] {
  const spells: Spell[] = [];
  for (const spell of spellsOf(blocks, nowMs)) {
    const last = spells.at(-1);
    if (last !== undefined && spell.from < last.until) {
      spells[spells.length - 1] = { from: last.from, until: Math.max(last.until, spell.until) };
    } else {
      spells.push(spell);
    }
  }
  return spells.slice(-mostTold).map(({ from, until }) => ({ from: new Date(from), until: new Date(until) }));
}

/** In the order in which they began. */
function spellsOf(blocks: readonly BlockSpan[], nowMs: number): readonly Spell[] {
  const begun = new Map<string, number>();
  const spells: Spell[] = [];
  for (const block of blocks.toSorted((a, b) => a.created_at - b.created_at)) {
    const from = begun.get(momentOf(block, block.created_at)) ?? block.created_at;
    if (block.ended_at !== null && block.ended_at < block.expires_at) {
      // Its successor tells the rest; one that a person lifted is not among these, and pardons both.
      begun.set(momentOf(block, block.ended_at), from);
    } else if ((block.ended_at ?? block.expires_at) <= nowMs) {
      spells.push({ from, until: block.ended_at ?? block.expires_at });
    }
  }
  return spells.toSorted((a, b) => a.from - b.from);
}

function momentOf({ prefix }: BlockSpan, ms: number): string {
  return `${prefix} ${ms}`;
}
