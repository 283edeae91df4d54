import type { Store } from "../ports.ts";
import type { Engine } from "./engine.ts";
import { AlarmRow } from "./people-rows.ts";

/** What a notification tells. */
export function createNews({ reader }: Engine, { story }: Pick<Store, "story">): Pick<Store, "news"> {
  return {
    async news({ kind, id }) {
      if (kind === "decision") {
        return { kind, story: await story(id) };
      }
      const row = await reader.selectFrom("alarms").selectAll().where("id", "=", id).executeTakeFirst();
      if (row === undefined) {
        throw new Error(`there is no alarm ${id}`);
      }
      return { kind, alarm: AlarmRow.parse(row) };
    },
  };
}
