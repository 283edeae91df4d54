import { sql } from "kysely";
import type { AddresslessSearch, Store } from "../ports.ts";
import { fieldsOfAlerts } from "./alert-fields.ts";
import type { Engine } from "./engine.ts";

/** So many of the newest alerts are looked at: the question costs the same however many there are. */
const newest = 2000;
const mostTold = 20;

/** Searches that send alerts in which nobody finds an address. */
export function createAddresslessSearches(engine: Engine): Pick<Store, "searchesWithoutAddresses"> {
  return {
    async searchesWithoutAddresses(since) {
      const groups = await engine.reader
        .selectFrom((eb) =>
          eb
            .selectFrom("alerts as a")
            .select(["a.id", "a.search_name", "a.received_at"])
            .select((of) =>
              of
                .case()
                .when(
                  of.exists(
                    of.selectFrom("sightings as s").select("s.id").whereRef("s.alert_id", "=", "a.id"),
                  ),
                )
                .then(1)
                .else(0)
                .end()
                .as("named"),
            )
            .where("a.received_at", ">", since.getTime())
            .where("a.due_at", "is", null)
            .where("a.error", "is", null)
            .orderBy("a.received_at", "desc")
            .limit(newest)
            .as("latest"),
        )
        .select((eb) => ["search_name", eb.fn.countAll<number>().as("alerts"), eb.fn.max("id").as("id")])
        .groupBy("search_name")
        .having((eb) => eb.fn.max("named"), "=", 0)
        .orderBy(sql`count(*)`, "desc")
        .orderBy("search_name")
        .limit(mostTold)
        .execute();
      const fields = await fieldsOfAlerts(
        engine,
        groups.map(({ id }) => id),
      );
      return groups.map(
        ({ search_name: searchName, alerts, id }): AddresslessSearch => ({
          searchName,
          alerts,
          fields: fields.get(id) ?? null,
        }),
      );
    },
  };
}
