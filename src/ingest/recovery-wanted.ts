import type { Alert } from "../domain/alert.ts";
import { fromAction, fromRows, fromWebhook, testSearch } from "../domain/alert-source.ts";
import { isSid } from "../domain/sid.ts";
import type { ExtractedAlert } from "../ports.ts";
import { rowNumberOf } from "./splunk-payload.ts";

export interface RecoveryPolicy {
  /** Splunk's API is configured. */
  readonly asksSplunk: boolean;
  /** Alerts of the stock webhook are to be confirmed. */
  readonly requireGenuine: boolean;
}

/** Alerts of one sid that come one by one are looked at together. */
const gatherMs = 1000;

/** Longer names of searches are not kept as keys. */
export const mostNamed = 500;

/** What follows from an alert beside its sightings: whether Splunk is to be asked about it, and which search counts it. */
export function extractedAlert(alert: Alert, policy: RecoveryPolicy, now: Date): ExtractedAlert {
  return {
    search: searchOf(alert),
    recovery: null,
    doubt: null,
    askedMode: alert.settings?.mode ?? null,
    ...asked(alert, policy, now),
  };
}

/** Further rows of an alert are no other alert; nobody misses another test. */
function searchOf({ source, searchName, receivedAt }: Alert): ExtractedAlert["search"] {
  const isTest = source === fromAction && searchName === testSearch;
  return searchName === null || searchName.length > mostNamed || source === fromRows || isTest
    ? null
    : { name: searchName, alertAt: receivedAt };
}

function asked(
  alert: Alert,
  { asksSplunk, requireGenuine }: RecoveryPolicy,
  now: Date,
): Partial<Pick<ExtractedAlert, "recovery" | "doubt">> {
  if (!asksSplunk || alert.source !== fromWebhook) {
    return {};
  }
  const { sid, searchName, app, owner } = alert;
  if (sid === null || !isSid(sid)) {
    return requireGenuine
      ? { doubt: sid === null ? "it has no sid" : "its sid is none that Splunk makes" }
      : {};
  }
  const about = { sid, alertId: alert.id, searchName, app, owner, settings: null, isRepeated: true };
  const isDigest = rowNumberOf(alert.resultsLink) === null;
  if (isDigest && alert.rows.length <= 1) {
    return { recovery: { ...about, cause: "rows", dueAt: now } };
  }
  return requireGenuine
    ? { recovery: { ...about, cause: "check", dueAt: new Date(now.getTime() + gatherMs) } }
    : {};
}
