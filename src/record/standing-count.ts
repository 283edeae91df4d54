import { sql } from "kysely";
import type { BlockMode } from "../domain/decision.ts";
import type { Queries } from "./engine.ts";

/** How many blocks stand, without counting 100,000 of them for each new one. */
export interface StandingCount {
  /** At most a second old, with what this process has placed since; another replica's may be missing for that long. Not more than `most`. */
  of(db: Queries, mode: BlockMode, question: { readonly now: Date; readonly most: number }): Promise<number>;
  /** This process has placed one. */
  added(mode: BlockMode): void;
}

interface Counted {
  readonly at: number;
  readonly most: number;
  readonly blocks: number;
}

const freshMs = 1000;

export function createStandingCount(): StandingCount {
  const counted = new Map<BlockMode, Counted>();
  return {
    async of(db, mode, { now, most }) {
      const at = now.getTime();
      const last = counted.get(mode);
      if (last !== undefined && last.most === most && at >= last.at && at < last.at + freshMs) {
        return last.blocks;
      }
      const blocks = await countBlocks(db, mode, at, most);
      counted.set(mode, { at, most, blocks });
      return blocks;
    },

    // One whose transaction then fails counts until the next second: rather one too many than one too few.
    added(mode) {
      const last = counted.get(mode);
      if (last !== undefined) {
        counted.set(mode, { ...last, blocks: last.blocks + 1 });
      }
    },
  };
}

async function countBlocks(db: Queries, mode: BlockMode, now: number, most: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (
      select 1 from blocks where mode = ${mode} and ended_at is null and expires_at > ${now} limit ${most}) as standing`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}
