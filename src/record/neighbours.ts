import { familyOf, neighbourhoodOf, prefixOf } from "../domain/ip-address.ts";
import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { graceOf } from "./lifts.ts";

/** What stands near an address. */
export function createNeighbourReads(engine: Engine): Pick<Store, "neighbours"> {
  return {
    async neighbours(ip, mode, now) {
      const network = neighbourhoodOf(ip);
      const { n } = await engine.reader
        .selectFrom("blocks")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .where("network", "=", network)
        .where("mode", "=", mode)
        .where("ended_at", "is", null)
        .where("expires_at", ">", now.getTime())
        .where("prefix", "like", familyOf(ip) === 4 ? "%/32" : "%/128")
        .where("prefix", "!=", prefixOf(ip))
        .executeTakeFirstOrThrow();
      return { blocked: n, lifted: (await graceOf(engine, engine.reader, network, now)) !== null };
    },
  };
}
