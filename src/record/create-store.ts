import type { Log, LookUpRecords, PeopleRecords, Store } from "../ports.ts";
import { createAddressReports } from "./address-reports.ts";
import { createAlarmRecords } from "./alarms.ts";
import { createAlertRecords } from "./alerts.ts";
import { createSidReads } from "./alerts-of-sid.ts";
import { createAllowRecords } from "./allow-entries.ts";
import { createAwaitedRecords } from "./awaited.ts";
import { createBudgetRecords } from "./budgets.ts";
import { createReceiptComparison } from "./compare-receipts.ts";
import { createControls } from "./controls.ts";
import { createCounts } from "./counts.ts";
import { createDecisionRecords } from "./decisions.ts";
import { createEnforcementRequests } from "./enforcement-requests.ts";
import { createEnforcementResults } from "./enforcement-results.ts";
import type { Engine } from "./engine.ts";
import { createFactReads } from "./facts.ts";
import { createFirewallRecords } from "./firewalls.ts";
import { type Guard, guardRecoveries } from "./guard-recoveries.ts";
import { createHoldRecords } from "./hold-records.ts";
import { createLifting } from "./lift-blocks.ts";
import { createProtectedLifting } from "./lift-protected.ts";
import { createLiftReads } from "./lifts.ts";
import { createAddresslessSearches } from "./addressless-searches.ts";
import { createAlertLists } from "./list-alerts.ts";
import { createBlockLists } from "./list-blocks.ts";
import { createDecisionLists } from "./list-decisions.ts";
import { createLookUpRecords } from "./look-ups.ts";
import { createClockMending } from "./mend-clock.ts";
import { createNeighbourReads } from "./neighbours.ts";
import { createNews } from "./news.ts";
import { createNotificationRecords } from "./notifications.ts";
import { createPastDecisions } from "./past-decisions.ts";
import { createPolicyRecords } from "./policies.ts";
import { createPrefixListRecords } from "./prefix-lists.ts";
import { createReadRows } from "./read-rows.ts";
import { createRedrive } from "./redrive-alert.ts";
import { createReceiptReads } from "./receipts.ts";
import { createRecoveryRecords } from "./recoveries.ts";
import { createRequestedReads } from "./requested-changes.ts";
import { createSearchRecords } from "./searches.ts";
import { createSightingRecords } from "./sightings.ts";
import { createStandingBlocks } from "./standing-blocks.ts";
import { releaseLeases } from "./release-leases.ts";
import { storeError, unavailable } from "./store-error.ts";
import { createStories } from "./story.ts";
import { createStateTelling } from "./tell-state.ts";
import { createTokenRecords } from "./tokens.ts";
import { createUnreadableRecords } from "./unreadable-deliveries.ts";
import { createWatermarkRecords } from "./watermarks.ts";
import { withRetry } from "./with-retry.ts";

type DecidingRecords = Pick<
  Store,
  | "recordDecision"
  | "recordByHand"
  | "holds"
  | "hold"
  | "denyHold"
  | "controls"
  | "pause"
  | "resume"
  | "notePolicy"
  | "policies"
  | "receiptsAfter"
  | "receiptHead"
  | "compareReceipts"
>;

type ReportRecords = Pick<
  Store,
  | "listAlerts"
  | "alert"
  | "settingsOfAlert"
  | "listDecisions"
  | "decision"
  | "pastDecisions"
  | "addressReport"
  | "story"
  | "news"
  | "counts"
>;

type PeopleParts = Omit<PeopleRecords, "receiptsAfter" | "receiptHead" | "compareReceipts" | "news">;

type Records = Omit<Store, "releaseLeases" | "close">;

/** The store over an open database whose tables are there. */
export function createStore(engine: Engine, log: Pick<Log, "warn">): Store {
  const records = createRecords(engine, log);
  let closing: Promise<void> | undefined;

  const guard: Guard =
    (work) =>
    async (...args) => {
      if (closing !== undefined) {
        throw unavailable(`${engine.label} is closed`);
      }
      try {
        return await withRetry(() => work(...args));
      } catch (error) {
        throw storeError(error, engine.label);
      }
    };

  return {
    insertAlerts: guard(records.insertAlerts),
    keepUnreadable: guard(records.keepUnreadable),
    listUnreadable: guard(records.listUnreadable),
    unreadable: guard(records.unreadable),
    searchesWithoutAddresses: guard(records.searchesWithoutAddresses),
    claimAlerts: guard(records.claimAlerts),
    recordSightings: guard(records.recordSightings),
    failAlert: guard(records.failAlert),
    claimSightings: guard(records.claimSightings),
    postponeSighting: guard(records.postponeSighting),
    failSighting: guard(records.failSighting),
    redriveAlert: guard(records.redriveAlert),
    ...guardLookUps(guard, records),
    ...guardDecisions(guard, records),
    ...guardReports(guard, records),
    ...guardPeople(guard, records),
    ...guardRecoveries(guard, records),
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
    mendClock: guard(records.mendClock),
    releaseLeases: guard((holder) => releaseLeases(engine, holder)),
    close: () => (closing ??= engine.close()),
  };
}

function guardLookUps(guard: Guard, records: Records): LookUpRecords {
  return {
    factsOf: guard(records.factsOf),
    parkSighting: guard(records.parkSighting),
    claimLookUps: guard(records.claimLookUps),
    lookUpsIn: guard(records.lookUpsIn),
    postponeLookUps: guard(records.postponeLookUps),
    finishLookUps: guard(records.finishLookUps),
    hastenLookUps: guard(records.hastenLookUps),
    awaited: guard(records.awaited),
    hastenParked: guard(records.hastenParked),
    lookUpBacklogs: guard(records.lookUpBacklogs),
    updateBudget: guard(records.updateBudget),
    budgets: guard(records.budgets),
    prefixLists: guard(records.prefixLists),
    savePrefixList: guard(records.savePrefixList),
    confirmPrefixList: guard(records.confirmPrefixList),
  };
}

function guardDecisions(guard: Guard, records: DecidingRecords): DecidingRecords {
  return {
    recordDecision: guard(records.recordDecision),
    recordByHand: guard(records.recordByHand),
    holds: guard(records.holds),
    hold: guard(records.hold),
    denyHold: guard(records.denyHold),
    controls: guard(records.controls),
    pause: guard(records.pause),
    resume: guard(records.resume),
    notePolicy: guard(records.notePolicy),
    policies: guard(records.policies),
    receiptsAfter: guard(records.receiptsAfter),
    receiptHead: guard(records.receiptHead),
    compareReceipts: guard(records.compareReceipts),
  };
}

function guardReports(guard: Guard, records: ReportRecords): ReportRecords {
  return {
    listAlerts: guard(records.listAlerts),
    alert: guard(records.alert),
    settingsOfAlert: guard(records.settingsOfAlert),
    listDecisions: guard(records.listDecisions),
    decision: guard(records.decision),
    pastDecisions: guard(records.pastDecisions),
    addressReport: guard(records.addressReport),
    story: guard(records.story),
    news: guard(records.news),
    counts: guard(records.counts),
  };
}

function guardPeople(guard: Guard, records: PeopleParts): PeopleParts {
  return {
    allowEntries: guard(records.allowEntries),
    addAllowEntry: guard(records.addAllowEntry),
    removeAllowEntry: guard(records.removeAllowEntry),
    liftProtected: guard(records.liftProtected),
    raiseAlarm: guard(records.raiseAlarm),
    endAlarm: guard(records.endAlarm),
    openAlarms: guard(records.openAlarms),
    createToken: guard(records.createToken),
    revokeToken: guard(records.revokeToken),
    tokens: guard(records.tokens),
    tokenById: guard(records.tokenById),
    noteTokenUse: guard(records.noteTokenUse),
    claimNotifications: guard(records.claimNotifications),
    notificationsSent: guard(records.notificationsSent),
    deleteNotifications: guard(records.deleteNotifications),
    postponeNotifications: guard(records.postponeNotifications),
    failNotifications: guard(records.failNotifications),
    tellState: guard(records.tellState),
  };
}

/** All that needs nothing but the database. */
function createRecords(engine: Engine, log: Pick<Log, "warn">): Records {
  const readRows = createReadRows(log);
  const stories = createStories(engine);
  const blockLists = createBlockLists(engine, readRows);
  const graces = createLiftReads(engine);
  return {
    ...createAlertRecords(engine, readRows),
    ...createUnreadableRecords(engine, readRows),
    ...createSightingRecords(engine, readRows),
    ...createRedrive(engine),
    ...createFactReads(engine, readRows),
    ...createLookUpRecords(engine, readRows),
    ...createAwaitedRecords(engine),
    ...createBudgetRecords(engine, readRows),
    ...createPrefixListRecords(engine, readRows),
    ...createDecisionRecords(engine),
    ...createHoldRecords(engine, readRows),
    ...createControls(engine),
    ...createPolicyRecords(engine, readRows),
    ...createReceiptReads(engine, readRows),
    ...createReceiptComparison(engine),
    ...createNeighbourReads(engine),
    ...createStandingBlocks(engine, readRows),
    ...createLifting(engine, readRows),
    ...createProtectedLifting(engine, readRows),
    ...graces,
    ...blockLists,
    ...createEnforcementRequests(engine),
    ...createRequestedReads(engine, readRows),
    ...createEnforcementResults(engine),
    ...createFirewallRecords(engine, readRows),
    ...createNotificationRecords(engine, readRows),
    ...createStateTelling(engine, readRows),
    ...stories,
    ...createNews(engine, stories),
    ...createAlertLists(engine, readRows),
    ...createAddresslessSearches(engine),
    ...createDecisionLists(engine, readRows),
    ...createPastDecisions(engine, readRows),
    ...createAddressReports(engine, readRows, { ...blockLists, ...graces }),
    ...createAllowRecords(engine, readRows),
    ...createAlarmRecords(engine, readRows),
    ...createTokenRecords(engine, readRows),
    ...createRecoveryRecords(engine, readRows),
    ...createSidReads(engine, readRows),
    ...createWatermarkRecords(engine),
    ...createSearchRecords(engine, readRows),
    ...createCounts(engine),
    ...createClockMending(engine),
  };
}
