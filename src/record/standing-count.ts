import { sql } from "kysely";
import type { BlockMode } from "../domain/decision.ts";
import type { Engine, Queries } from "./engine.ts";

interface StandingQuestion {
  readonly now: Date;
  readonly most: number;
}

/** How many blocks stand, without counting 100,000 of them for each new one. */
export interface StandingCount {
  /**
   * At most a second old, with what this process has placed since. Near the limit it is exact on PostgreSQL, where other replicas place
   * blocks as well: then it is counted once in each transaction. Not more than `most`.
   */
  of(db: Queries, mode: BlockMode, question: StandingQuestion): Promise<number>;
  /** This process has placed one. */
  added(mode: BlockMode): void;
}

interface Counted {
  readonly at: number;
  readonly most: number;
  readonly blocks: number;
  /** The transaction that has counted: nobody else places blocks that limits count until it ends. */
  readonly db: Queries;
}

const freshMs = 1000;

/** Other replicas may place so many within a second. */
const leastMargin = 50;
const margin = 0.1;

export function createStandingCount({ kind }: Pick<Engine, "kind">): StandingCount {
  const counted = new Map<BlockMode, Counted>();
  const isGood = (last: Counted, db: Queries, { now, most }: StandingQuestion): boolean => {
    const at = now.getTime();
    if (last.most !== most || at < last.at || at >= last.at + freshMs) {
      return false;
    }
    const isNear = last.blocks >= most - Math.max(leastMargin, most * margin);
    return kind === "sqlite" || !isNear || last.db === db;
  };
  return {
    async of(db, mode, question) {
      const last = counted.get(mode);
      if (last !== undefined && isGood(last, db, question)) {
        return last.blocks;
      }
      const { now, most } = question;
      const blocks = await countBlocks(db, mode, now.getTime(), most);
      counted.set(mode, { at: now.getTime(), most, blocks, db });
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
