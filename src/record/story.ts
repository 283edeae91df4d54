import type { Store } from "../ports.ts";
import { decisionOf } from "./commit-decisions.ts";
import type { Engine, Queries } from "./engine.ts";
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
        blockOf(reader, decisionId),
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

/** The block of a decision, or the one that has taken its place for more firewalls. */
async function blockOf(db: Queries, decisionId: string) {
  const own = await db
    .selectFrom("blocks")
    .selectAll()
    .where("decision_id", "=", decisionId)
    .executeTakeFirst();
  if (
    own === undefined ||
    own.ended_at === null ||
    own.lifted_by !== null ||
    own.ended_at >= own.expires_at
  ) {
    return own;
  }
  const successor = await db
    .selectFrom("blocks")
    .selectAll()
    .where("prefix", "=", own.prefix)
    .where("mode", "=", own.mode)
    .where("created_at", ">=", own.ended_at)
    .orderBy("created_at")
    .executeTakeFirst();
  return successor ?? own;
}
