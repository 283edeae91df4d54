import type { Store } from "../ports.ts";
import { clearRates } from "./block-rates.ts";
import { clearControl, readControls, writeControl } from "./controls-rows.ts";
import type { Engine } from "./engine.ts";
import { endLimit } from "./limited.ts";
import { lockBlocks } from "./lock-blocks.ts";
import { appendReceipts } from "./receipts.ts";

/** Pausing and resuming. */
export function createControls(engine: Engine): Pick<Store, "controls" | "pause" | "resume"> {
  const { reader, writer } = engine;
  return {
    async controls() {
      const { paused, limited } = await readControls(reader);
      if (limited === null) {
        return { paused, limited };
      }
      const { since, reason, held } = limited;
      return { paused, limited: { since, reason, held } };
    },

    async pause({ actor, reason, now }) {
      await writer.transaction().execute(async (trx) => {
        // First: what is being placed is waited for, and what is placed from now on sees it.
        await lockBlocks(engine, trx, "lift");
        const { paused } = await readControls(trx);
        if (paused === null) {
          await writeControl(trx, "paused", { since: now, actor, reason });
          await appendReceipts(engine, trx, [
            { at: now, kind: "pause", subject: "blocks", actor, body: { reason } },
          ]);
        }
      });
    },

    async resume({ actor, reason, now }) {
      await writer.transaction().execute(async (trx) => {
        await lockBlocks(engine, trx, "lift");
        const wasPaused = await clearControl(trx, "paused");
        await endLimit({ engine, db: trx }, now);
        await clearRates(trx);
        await appendReceipts(engine, trx, [
          { at: now, kind: "resume", subject: "blocks", actor, body: { reason, wasPaused } },
        ]);
      });
    },
  };
}
