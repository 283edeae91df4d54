import { type AllowEntry } from "../../domain/allow-entry.ts";
import { addresslessHint } from "../words.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { Alarm, AlertSummary, TokenRecord } from "../../ports.ts";

/** An entry of the allow-list in JSON. @param removable false for one of the settings */
export function allowEntryJson(entry: AllowEntry, removable: boolean) {
  const { id, prefix, reason, owner, actor, createdAt, expiresAt } = entry;
  return { id, prefix, reason, owner, actor, createdAt, expiresAt, removable };
}

export function alarmJson({ id, key, message, advice, raisedAt, endedAt }: Alarm) {
  return { id, key, message, advice, raisedAt, endedAt };
}

/** Without the hash of its secret. */
export function tokenJson(token: TokenRecord) {
  const { id, name, role, createdAt, createdBy, expiresAt, revokedAt, lastUsedAt } = token;
  return { id, name, role, createdAt, createdBy, expiresAt, revokedAt, lastUsedAt };
}

export function receiptJson({ seq, at, kind, subject, actor, body, previous, hash }: Receipt) {
  return { seq, at, kind, subject, actor, body, previous, hash };
}

export function alertSummaryJson({ noAddress, ...alert }: AlertSummary) {
  const { id, source, sid, searchName, receivedAt, rows, sightings, waiting, decisions, error } = alert;
  const { isGenuine, doubt, recovery } = alert;
  return {
    id,
    source,
    sid,
    searchName,
    receivedAt,
    rows,
    sightings,
    waiting,
    decisions,
    error,
    isGenuine,
    doubt,
    recovery,
    noAddress:
      noAddress === null ? null : { fields: noAddress.fields, hint: addresslessHint(noAddress.fields) },
  };
}

/** What the store keeps as the text of an object. Left as `JSON.parse` made it: a key may be `__proto__`. */
export function extrasJson(extras: string | null): Readonly<Record<string, unknown>> | null {
  if (extras === null) {
    return null;
  }
  try {
    const parsed: unknown = JSON.parse(extras);
    return isRecord(parsed) ? parsed : null;
  } catch {
    // Somebody has changed the database.
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
