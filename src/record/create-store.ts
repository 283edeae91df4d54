import type { Log, Store } from "../ports.ts";
import { createAlertRecords } from "./alerts.ts";
import { createBlockRecords } from "./blocks.ts";
import { noLease } from "./claim.ts";
import { createCounts } from "./counts.ts";
import { createDecisionRecords } from "./decisions.ts";
import { createEnforcementRecords } from "./enforcements.ts";
import type { Engine } from "./engine.ts";
import { createFindingRecords } from "./findings.ts";
import { createFirewallRecords } from "./firewalls.ts";
import { createNotificationRecords } from "./notifications.ts";
import { createReadRows } from "./read-rows.ts";
import { createSightingRecords } from "./sightings.ts";
import { createStandingReads } from "./standing.ts";
import { storeError, unavailable } from "./store-error.ts";
import { createStories } from "./story.ts";
import { createUnreadableRecords } from "./unreadable-deliveries.ts";

/** The store over an open database whose tables are there. */
export function createStore(engine: Engine, log: Pick<Log, "warn">): Store {
  const readRows = createReadRows(log);
  const alerts = createAlertRecords(engine, readRows);
  const unreadable = createUnreadableRecords(engine);
  const sightings = createSightingRecords(engine, readRows);
  const findings = createFindingRecords(engine, readRows);
  const decisions = createDecisionRecords(engine);
  const standing = createStandingReads(engine, readRows);
  const blocks = createBlockRecords(engine);
  const enforcements = createEnforcementRecords(engine, readRows);
  const firewalls = createFirewallRecords(engine, readRows);
  const notifications = createNotificationRecords(engine);
  const stories = createStories(engine);
  const counts = createCounts(engine);
  let closing: Promise<void> | undefined;

  const guard =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (closing !== undefined) {
        throw unavailable(`${engine.label} is closed`);
      }
      try {
        return await work(...args);
      } catch (error) {
        throw storeError(error, engine.label);
      }
    };

  return {
    insertAlerts: guard(alerts.insertAlerts),
    keepUnreadable: guard(unreadable.keepUnreadable),
    claimAlerts: guard(alerts.claimAlerts),
    recordSightings: guard(sightings.recordSightings),
    failAlert: guard(alerts.failAlert),
    claimSightings: guard(sightings.claimSightings),
    postponeSighting: guard(sightings.postponeSighting),
    failSighting: guard(sightings.failSighting),
    findingsOf: guard(findings.findingsOf),
    saveFinding: guard(findings.saveFinding),
    standingOf: guard(standing.standingOf),
    recordDecision: guard(decisions.recordDecision),
    standingBlocks: guard(standing.standingBlocks),
    requestedChanges: guard(enforcements.requestedChanges),
    requestEnforcements: guard(enforcements.requestEnforcements),
    recordEnforcements: guard(enforcements.recordEnforcements),
    noteEnforcementFault: guard(enforcements.noteEnforcementFault),
    leaseFirewall: guard(firewalls.leaseFirewall),
    recordFirewall: guard(firewalls.recordFirewall),
    firewalls: guard(firewalls.firewalls),
    liftBlock: guard(blocks.liftBlock),
    claimNotifications: guard(notifications.claimNotifications),
    notificationSent: guard(notifications.notificationSent),
    postponeNotification: guard(notifications.postponeNotification),
    failNotification: guard(notifications.failNotification),
    story: guard(stories.story),
    counts: guard(counts.counts),
    releaseLeases: guard((holder) => releaseLeases(engine, holder)),
    close: () => (closing ??= engine.close()),
  };
}

/** @param holder null: of everybody, for a database that only this process can have open */
export async function releaseLeases({ writer }: Engine, holder: string | null): Promise<void> {
  await writer.transaction().execute(async (trx) => {
    for (const table of ["alerts", "sightings", "notifications"] as const) {
      await trx
        .updateTable(table)
        .set(noLease)
        .where("due_at", "is not", null)
        .where("lease_holder", holder === null ? "is not" : "=", holder)
        .execute();
    }
    await trx
      .deleteFrom("firewall_leases")
      .where("lease_holder", holder === null ? "is not" : "=", holder)
      .execute();
  });
}
