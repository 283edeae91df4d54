import type {
  AlertsTable,
  BudgetsTable,
  DecisionsTable,
  FindingsTable,
  HoldsTable,
  LookUpsTable,
  PrefixListsTable,
  SightingsTable,
  UnreadableDeliveriesTable,
} from "./schema/alert-tables.ts";
import type {
  BlockRatesTable,
  BlocksTable,
  EnforcementsTable,
  FirewallLeasesTable,
  FirewallsTable,
  LiftsTable,
} from "./schema/block-tables.ts";
import type {
  AlarmsTable,
  AllowEntriesTable,
  ControlsTable,
  NotificationsTable,
  PoliciesTable,
  ReceiptsTable,
  TokensTable,
} from "./schema/people-tables.ts";
import type { RecoveriesTable, SearchesTable, WatermarksTable } from "./schema/recovery-tables.ts";

/**
 * The tables, the same on both engines. Times are integer milliseconds since 1970.
 * A row waits exactly while its `due_at` (`queued_at` for enforcements) is not null: the partial indexes hold nothing else,
 * so finding what waits costs the same however many rows are done.
 */
export interface Schema {
  alerts: AlertsTable;
  sightings: SightingsTable;
  findings: FindingsTable;
  decisions: DecisionsTable;
  holds: HoldsTable;
  blocks: BlocksTable;
  lifts: LiftsTable;
  enforcements: EnforcementsTable;
  firewalls: FirewallsTable;
  firewall_leases: FirewallLeasesTable;
  notifications: NotificationsTable;
  unreadable_deliveries: UnreadableDeliveriesTable;
  look_ups: LookUpsTable;
  budgets: BudgetsTable;
  prefix_lists: PrefixListsTable;
  allow_entries: AllowEntriesTable;
  controls: ControlsTable;
  block_rates: BlockRatesTable;
  alarms: AlarmsTable;
  tokens: TokensTable;
  policies: PoliciesTable;
  receipts: ReceiptsTable;
  recoveries: RecoveriesTable;
  watermarks: WatermarksTable;
  searches: SearchesTable;
}
