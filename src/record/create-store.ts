import type { Log, Store } from "../ports.ts";
import { createAlertRecords } from "./alerts.ts";
import { noLease } from "./claim.ts";
import { createCounts } from "./counts.ts";
import { createDecisionRecords } from "./decisions.ts";
import { createEnforcementRequests } from "./enforcement-requests.ts";
import { createEnforcementResults } from "./enforcement-results.ts";
import type { Engine } from "./engine.ts";
import { createFindingRecords } from "./findings.ts";
import { createFirewallRecords } from "./firewalls.ts";
import { createLifting } from "./lift-blocks.ts";
import { createLiftReads } from "./lifts.ts";
import { createBlockLists } from "./list-blocks.ts";
import { createNotificationRecords } from "./notifications.ts";
import { createReadRows } from "./read-rows.ts";
import { createRequestedReads } from "./requested-changes.ts";
import { createSightingRecords } from "./sightings.ts";
import { createStandingBlocks } from "./standing-blocks.ts";
import { createStandingReads } from "./standing.ts";
import { isDeadlock, storeError, unavailable } from "./store-error.ts";
import { createStories } from "./story.ts";
import { createUnreadableRecords } from "./unreadable-deliveries.ts";

/** The store over an open database whose tables are there. */
export function createStore(engine: Engine, log: Pick<Log, "warn">): Store {
  const records = createRecords(engine, log);
  let closing: Promise<void> | undefined;

  const guard =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (closing !== undefined) {
        throw unavailable(`${engine.label} is closed`);
      }
      try {
        // Two that waited for each other: PostgreSQL has ended this one as a whole, and the other is done soon.
        return await work(...args).catch((error: unknown) =>
          isDeadlock(error) ? work(...args) : Promise.reject(error),
        );
      } catch (error) {
        throw storeError(error, engine.label);
      }
    };

  return {
    insertAlerts: guard(records.insertAlerts),
    keepUnreadable: guard(records.keepUnreadable),
    claimAlerts: guard(records.claimAlerts),
    recordSightings: guard(records.recordSightings),
    failAlert: guard(records.failAlert),
    claimSightings: guard(records.claimSightings),
    postponeSighting: guard(records.postponeSighting),
    failSighting: guard(records.failSighting),
    findingsOf: guard(records.findingsOf),
    saveFinding: guard(records.saveFinding),
    standingOf: guard(records.standingOf),
    recordDecision: guard(records.recordDecision),
    neighbours: guard(records.neighbours),
    standingBlocks: guard(records.standingBlocks),
    requestedChanges: guard(records.requestedChanges),
    withheldBlocks: guard(records.withheldBlocks),
    withdrawnBlocks: guard(records.withdrawnBlocks),
    requestEnforcements: guard(records.requestEnforcements),
    beginTrial: guard(records.beginTrial),
    retryWithdrawn: guard(records.retryWithdrawn),
    recordEnforcements: guard(records.recordEnforcements),
    recordDrops: guard(records.recordDrops),
    expireEnforcements: guard(records.expireEnforcements),
    backlogs: guard(records.backlogs),
    noteEnforcementFault: guard(records.noteEnforcementFault),
    leaseFirewall: guard(records.leaseFirewall),
    recordFirewall: guard(records.recordFirewall),
    firewalls: guard(records.firewalls),
    liftBlocks: guard(records.liftBlocks),
    gracesOn: guard(records.gracesOn),
    listBlocks: guard(records.listBlocks),
    blocksOn: guard(records.blocksOn),
    claimNotifications: guard(records.claimNotifications),
    notificationSent: guard(records.notificationSent),
    postponeNotification: guard(records.postponeNotification),
    failNotification: guard(records.failNotification),
    story: guard(records.story),
    counts: guard(records.counts),
    releaseLeases: guard((holder) => releaseLeases(engine, holder)),
    close: () => (closing ??= engine.close()),
  };
}

/** All that needs nothing but the database. */
function createRecords(engine: Engine, log: Pick<Log, "warn">): Omit<Store, "releaseLeases" | "close"> {
  const readRows = createReadRows(log);
  return {
    ...createAlertRecords(engine, readRows),
    ...createUnreadableRecords(engine),
    ...createSightingRecords(engine, readRows),
    ...createFindingRecords(engine, readRows),
    ...createDecisionRecords(engine),
    ...createStandingReads(engine),
    ...createStandingBlocks(engine, readRows),
    ...createLifting(engine, readRows),
    ...createLiftReads(engine),
    ...createBlockLists(engine, readRows),
    ...createEnforcementRequests(engine),
    ...createRequestedReads(engine, readRows),
    ...createEnforcementResults(engine),
    ...createFirewallRecords(engine, readRows),
    ...createNotificationRecords(engine),
    ...createStories(engine),
    ...createCounts(engine),
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
