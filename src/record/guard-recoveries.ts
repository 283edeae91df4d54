import type { RecoveryRecords, Store } from "../ports.ts";

/** Lets a method fail as a store's methods do. */
export type Guard = <Args extends readonly unknown[], Result>(
  work: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

export function guardRecoveries(guard: Guard, records: Pick<Store, keyof RecoveryRecords>): RecoveryRecords {
  return {
    claimRecoveries: guard(records.claimRecoveries),
    extendRecovery: guard(records.extendRecovery),
    postponeRecovery: guard(records.postponeRecovery),
    endRecovery: guard(records.endRecovery),
    alertsOfSid: guard(records.alertsOfSid),
    knownSids: guard(records.knownSids),
    confirmationOf: guard(records.confirmationOf),
    latestAlertAt: guard(records.latestAlertAt),
    leaseWatermark: guard(records.leaseWatermark),
    recordMissed: guard(records.recordMissed),
    searches: guard(records.searches),
    tellSearches: guard(records.tellSearches),
  };
}
