import { z } from "zod";
import type { Alert, Sighting } from "../domain/alert.ts";
import type { Block, Enforcement } from "../domain/block.ts";
import { type Finding, type Hint, hints } from "../domain/finding.ts";
import { severities } from "../domain/severity.ts";
import type { BlockReport, FirewallRecord, RequestedChange, WaitingSighting } from "../ports.ts";
import { Address, BlockMode, GroupsText, Json, Mode, Prefix, Texts, Time } from "./columns.ts";
import { StoredRows } from "./stored-rows.ts";
import { StoredSettings } from "./stored-settings.ts";

export const AlertRow = z
  .object({
    id: z.string(),
    source: z.string(),
    sid: z.string().nullable(),
    search_name: z.string().nullable(),
    app: z.string().nullable(),
    owner: z.string().nullable(),
    results_link: z.string().nullable(),
    rows: StoredRows,
    extras: z.string().nullable(),
    settings: StoredSettings,
    received_at: Time,
  })
  .transform(
    (row): Alert => ({
      id: row.id,
      source: row.source,
      sid: row.sid,
      searchName: row.search_name,
      app: row.app,
      owner: row.owner,
      resultsLink: row.results_link,
      rows: row.rows,
      extras: row.extras,
      settings: row.settings,
      receivedAt: row.received_at,
    }),
  );

const SightingColumns = z.object({
  id: z.string(),
  alert_id: z.string(),
  ip: Address,
  count: z.number(),
  fields: Json.pipe(Texts),
  severity: z.enum(severities).nullable(),
  attempts: z.number(),
  created_at: Time,
});

export const SightingRow = SightingColumns.transform(
  ({ ip, count, fields, severity }): Sighting => ({ ip, count, fields, severity }),
);

export const WaitingSightingRow = SightingColumns.extend({
  search_name: z.string().nullable(),
  asked_mode: Mode.nullable(),
}).transform(
  (row): WaitingSighting => ({
    id: row.id,
    alertId: row.alert_id,
    searchName: row.search_name,
    askedMode: row.asked_mode,
    ip: row.ip,
    count: row.count,
    fields: row.fields,
    severity: row.severity,
    attempts: row.attempts,
    createdAt: row.created_at,
  }),
);

const isHint = (text: string): text is Hint => hints.some((hint) => hint === text);
const IsoTime = z.string().pipe(z.coerce.date());

const About = z.object({ provider: z.string(), ip: Address, foundAt: IsoTime, expiresAt: IsoTime });
const isStale = z.literal(true).exactOptional();
export const StoredFinding = z.discriminatedUnion("status", [
  About.extend({
    status: z.literal("known"),
    evidence: z.object({
      numbers: z.record(z.string(), z.number()),
      times: z.record(z.string(), IsoTime),
      // One that a newer version has written is nothing to this one.
      hints: z.array(z.string()).transform((texts) => texts.filter(isHint)),
      asn: z.number().nullable(),
      facts: z.array(z.tuple([z.string(), z.string()])),
      link: z.string(),
      isPartial: z.literal(true).exactOptional(),
      isFromNetwork: z.literal(true).exactOptional(),
    }),
    isStale,
  }),
  About.extend({ status: z.literal("unknown"), reason: z.string(), isStale }),
  About.extend({ status: z.literal("failed"), reason: z.string(), tries: z.number().exactOptional() }),
]);

export const FindingRow = z
  .object({ finding: Json.pipe(StoredFinding) })
  .transform((row): Finding => row.finding);

const BlockColumns = z.object({
  id: z.string(),
  prefix: Prefix,
  mode: BlockMode,
  groups: z.nullable(GroupsText),
  decision_id: z.string(),
  created_at: Time,
  expires_at: Time,
});

function blockOf(row: z.infer<typeof BlockColumns>): Block {
  return {
    id: row.id,
    prefix: row.prefix,
    mode: row.mode,
    groups: row.groups,
    decisionId: row.decision_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

export const BlockRow = BlockColumns.transform(blockOf);

/** A block with how it ended. */
export const BlockReportRow = BlockColumns.extend({
  ended_at: Time.nullable(),
  lifted_by: z.string().nullable(),
  lift_reason: z.string().nullable(),
  grace_until: Time.nullable(),
}).transform(
  (row): Pick<BlockReport, "block" | "endedAt" | "lifted"> => ({
    block: blockOf(row),
    endedAt: row.ended_at,
    lifted:
      row.lifted_by === null || row.grace_until === null
        ? null
        : { actor: row.lifted_by, reason: row.lift_reason ?? "", graceUntil: row.grace_until },
  }),
);

export const EnforcementRow = z
  .object({
    block_id: z.string(),
    firewall: z.string(),
    state: z.enum([
      "requested",
      "applied",
      "verified",
      "refused",
      "failed",
      "withdrawn",
      "lifting",
      "lifted",
      "expired",
    ]),
    requested_at: Time,
    applied_at: Time.nullable(),
    verified_at: Time.nullable(),
    ended_at: Time.nullable(),
    packets: z.number(),
    bytes: z.number(),
    error: z.string().nullable(),
  })
  .transform(
    (row): Enforcement => ({
      blockId: row.block_id,
      firewall: row.firewall,
      state: row.state,
      requestedAt: row.requested_at,
      appliedAt: row.applied_at,
      verifiedAt: row.verified_at,
      endedAt: row.ended_at,
      packets: row.packets,
      bytes: row.bytes,
      error: row.error,
    }),
  );

/** An enforcement that waits, with its block. */
export const RequestedChangeRow = z
  .object({ id: z.string(), prefix: Prefix, expires_at: Time, state: z.enum(["requested", "lifting"]) })
  .transform(
    (row): RequestedChange => ({
      blockId: row.id,
      prefix: row.prefix,
      kind: row.state === "lifting" ? "remove" : "add",
      expiresAt: row.expires_at,
    }),
  );

const StoredDrift = z.object({
  foundAt: z.coerce.date(),
  lastGoodAt: z.nullable(z.coerce.date()),
  findings: Texts,
});

export const FirewallRow = z
  .object({
    name: z.string(),
    state: z.enum(["in-sync", "out-of-sync", "unreachable"]),
    error: z.string().nullable(),
    checked_at: Time,
    in_sync_at: Time.nullable(),
    unreachable_since: Time.nullable(),
    drifts: z.number(),
    last_drift: z.nullable(Json.pipe(StoredDrift)),
    capacity: z.nullable(Json.pipe(z.object({ used: z.number(), most: z.number() }))),
    own_addresses: Json.pipe(z.array(Address)),
  })
  .transform(
    (row): FirewallRecord => ({
      name: row.name,
      state: row.state,
      error: row.error,
      checkedAt: row.checked_at,
      inSyncAt: row.in_sync_at,
      unreachableSince: row.unreachable_since,
      drifts: row.drifts,
      lastDrift: row.last_drift,
      capacity: row.capacity,
      ownAddresses: row.own_addresses,
    }),
  );
