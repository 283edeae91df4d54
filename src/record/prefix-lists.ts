import type { Store } from "../ports.ts";
import { type Engine, storable } from "./engine.ts";
import { networksText, PrefixListRow } from "./look-up-rows.ts";
import type { ReadRows } from "./read-rows.ts";

/** Lists of networks that were downloaded as a whole: up to some 10,000 networks each, in one text. */
export function createPrefixListRecords(
  { reader, writer }: Engine,
  readRows: ReadRows,
): Pick<Store, "prefixLists" | "savePrefixList" | "confirmPrefixList"> {
  return {
    async prefixLists() {
      const rows = await reader.selectFrom("prefix_lists").selectAll().orderBy("name").execute();
      return readRows(rows, { table: "prefix_lists", schema: PrefixListRow, idOf: ({ name }) => name })
        .readable;
    },

    async savePrefixList(list) {
      const said = {
        etag: storable(list.etag),
        version: storable(list.version),
        networks: storable(networksText(list.networks)),
        fetched_at: list.fetchedAt.getTime(),
        checked_at: list.checkedAt.getTime(),
      };
      await writer
        .insertInto("prefix_lists")
        .values({ name: list.name, ...said })
        .onConflict((conflict) => conflict.column("name").doUpdateSet(said))
        .execute();
    },

    async confirmPrefixList(name, checkedAt) {
      await writer
        .updateTable("prefix_lists")
        .set({ checked_at: checkedAt.getTime() })
        .where("name", "=", name)
        .execute();
    },
  };
}
