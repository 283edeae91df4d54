import type { Store } from "../ports.ts";
import { decisionOf } from "./decisions.ts";
import type { Engine } from "./engine.ts";
import { AlertRow, BlockRow, EnforcementRow, SightingRow } from "./rows.ts";

/** Everything about one decision. */
export function createStories({ reader }: Engine): Pick<Store, "story"> {
  return {
    async story(decisionId) {
      const decision = await decisionOf(reader, decisionId);
      const [alert, sighting, block] = await Promise.all([
        reader.selectFrom("alerts").selectAll().where("id", "=", decision.alertId).executeTakeFirstOrThrow(),
        reader
          .selectFrom("sightings")
          .selectAll()
          .where("alert_id", "=", decision.alertId)
          .where("ip", "=", decision.ip)
          .executeTakeFirstOrThrow(),
        reader.selectFrom("blocks").selectAll().where("decision_id", "=", decisionId).executeTakeFirst(),
      ]);
      const enforcements = await reader
        .selectFrom("enforcements")
        .selectAll()
        .where("block_id", "=", block?.id ?? "")
        .orderBy("firewall")
        .execute();
      return {
        decision,
        alert: AlertRow.parse(alert),
        sighting: SightingRow.parse(sighting),
        block: block === undefined ? null : BlockRow.parse(block),
        enforcements: enforcements.map((row) => EnforcementRow.parse(row)),
      };
    },
  };
}
