import type { Store } from "../ports.ts";
import { familyOf, neighbourhoodOf, prefixOf } from "../domain/ip-address.ts";
import type { Engine } from "./engine.ts";
import { heldUntil } from "./holds.ts";
import { graceOf } from "./lifts.ts";
import { blockColumns } from "./read-blocks.ts";
import { covers } from "./related-networks.ts";
import { BlockRow } from "./rows.ts";

/** Which blocks and holds stand. */
export function createStandingReads(engine: Engine): Pick<Store, "standingOf" | "neighbours"> {
  const { reader } = engine;
  return {
    async standingOf(ip, mode, now) {
      const rows = await reader
        .selectFrom("blocks")
        .select(blockColumns)
        .where(covers(engine, prefixOf(ip)))
        .where("mode", "=", mode)
        .where("ended_at", "is", null)
        .where("expires_at", ">", now.getTime())
        .execute();
      // Sorted here: to spare itself the sorting, PostgreSQL would read all blocks in the order of their ends.
      rows.sort(
        (a, b) => Number(a.groups !== null) - Number(b.groups !== null) || b.expires_at - a.expires_at,
      );
      const [standing] = rows;
      const grace = await graceOf(engine, reader, prefixOf(ip), now);
      return {
        block: standing === undefined ? null : BlockRow.parse(standing),
        heldUntil: dateOf(await heldUntil(reader, ip, now)),
        graceUntil: grace?.until ?? null,
        ...(grace === null || grace.prefix === prefixOf(ip) ? {} : { letOut: grace.prefix }),
      };
    },

    async neighbours(ip, mode, now) {
      const network = neighbourhoodOf(ip);
      const { n } = await reader
        .selectFrom("blocks")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .where("network", "=", network)
        .where("mode", "=", mode)
        .where("ended_at", "is", null)
        .where("expires_at", ">", now.getTime())
        .where("prefix", "like", familyOf(ip) === 4 ? "%/32" : "%/128")
        .where("prefix", "!=", prefixOf(ip))
        .executeTakeFirstOrThrow();
      return { blocked: n, lifted: (await graceOf(engine, reader, network, now)) !== null };
    },
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
