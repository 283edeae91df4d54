import { hash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Alert, Row } from "../domain/alert.ts";
import { fromWebhook } from "../domain/alert-source.ts";
import { searchTimeOf } from "../domain/sid.ts";
import { isObject } from "./is-object.ts";
import { readExtras } from "./read-extras.ts";
import { readSettings } from "./read-settings.ts";

/** Splunk gives an alert action at most this many rows (`max_action_results` in limits.conf). */
export const maxRows = 50_000;

/** The body is not a Splunk alert. The message names what is wrong, and quotes no value. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}

/** Some senders write a number-like text without quotes, e.g. the sid `1760000400.1228`. */
const Text = z.union([z.string(), z.number().transform(String)]).nullish();

const Fields = z.custom<Readonly<Record<string, unknown>>>(isObject, "expected an object");

/**
 * The body of Splunk's webhook alert action. Each key may be null or absent: `result` is null when no row was found,
 * `search_name` for a search that was never saved. `results`, with all rows, comes from modified actions.
 * Values inside a row are read by `readSplunkPayload`.
 * Source: Splunk Enterprise 8.2 `alert_webhook/bin/webhook.py`; Splunk documentation "Use a webhook alert action".
 */
const SplunkPayload = z.object({
  sid: Text,
  search_name: Text,
  app: Text,
  owner: Text,
  results_link: Text,
  result: Fields.nullish(),
  results: z.array(Fields.nullable()).max(maxRows, `more than ${maxRows} rows`).nullish(),
});
type SplunkPayload = z.infer<typeof SplunkPayload>;

/** What is known of a delivery beside its body. */
export interface DeliveryAbout {
  readonly receivedAt: Date;
  /** Where it came from, e.g. `splunk-webhook`; not part of the id. */
  readonly source: string;
  /** The sender's own name for this delivery, the same when it sends it again. Null or absent: it gives none. */
  readonly deliveryId?: string | null;
  /** Told which parts of the settings could not be read. */
  readonly onIgnored?: (parts: readonly string[]) => void;
}

/**
 * The alert that one delivery of Splunk's webhook carries.
 *
 * Its id is derived from what the sender calls the delivery; else from sid, search, app, rows and the row number in a per-result link, so that
 * a repeated delivery has the same id whatever the order of its keys, while two rows of one search are two alerts. Search and app, because they
 * say what is done with it: a forged one in another's name that comes first must not make the genuine one a repeat. Without a sid a repeat can't be
 * told from a second attack that looks the same; the id is then random, because a lost alert is worse than a repeated one.
 * Whoever knows the token of the stock webhook, which is in Splunk's log, may have written such a delivery: its key `settings` means nothing.
 * @param body parsed JSON
 * @throws {PayloadError}
 */
export function readSplunkPayload(body: unknown, about: DeliveryAbout): Alert {
  const payload = checked(body);
  const { receivedAt, source, deliveryId = null } = about;
  const said = {
    sid: textOrNull(payload.sid),
    searchName: textOrNull(payload.search_name),
    app: textOrNull(payload.app),
    owner: textOrNull(payload.owner),
    resultsLink: textOrNull(payload.results_link),
    rows: rowsOf(payload),
  };
  return {
    id: deliveryId === null ? alertId(said) : idOfDelivery(deliveryId),
    source,
    ...said,
    ...(source === fromWebhook ? { settings: null, extras: readExtras(body) } : askedFor(body, about)),
    receivedAt,
  };
}

/** The settings; what of them means nothing here stays an extra. */
function askedFor(body: unknown, { onIgnored }: DeliveryAbout): Pick<Alert, "settings" | "extras"> {
  const { settings: said, ...others } = isObject(body) ? body : {};
  const { settings, rest, ignored } = readSettings(said);
  if (ignored.length > 0) {
    onIgnored?.(ignored);
  }
  return { settings, extras: readExtras(rest === undefined ? others : { ...others, settings: rest }) };
}

function checked(body: unknown): SplunkPayload {
  if (!isObject(body)) {
    throw new PayloadError("the body is not a JSON object");
  }
  const parsed = SplunkPayload.safeParse(body);
  if (!parsed.success) {
    throw new PayloadError(problemOf(parsed.error));
  }
  const { result, results, sid, search_name: searchName } = parsed.data;
  if ((result ?? results ?? textOrNull(sid) ?? textOrNull(searchName)) === null) {
    throw new PayloadError("none of result, results, sid and search_name is present");
  }
  return parsed.data;
}

function problemOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const place = issue?.path.join(".") ?? "";
  return issue?.code === "invalid_union"
    ? `${place}: expected text`
    : `${place}: ${issue?.message ?? "wrong"}`;
}

function rowsOf({ result, results }: SplunkPayload): readonly Row[] {
  const listed = (results ?? []).map(rowOf).filter(hasFields);
  const [single] = [result].map(rowOf).filter(hasFields);
  if (single === undefined) {
    return listed;
  }
  if (listed.length === 0) {
    return [single];
  }
  const wanted = JSON.stringify(sorted(single));
  return listed.some((row) => JSON.stringify(sorted(row)) === wanted) ? listed : [single, ...listed];
}

function hasFields(row: Row): boolean {
  return row.length > 0;
}

export function rowOf(fields: Readonly<Record<string, unknown>> | null | undefined): Row {
  const row: [string, readonly string[]][] = [];
  for (const field of Object.keys(fields ?? {})) {
    // Splunk's own encoding of a list, which stands beside it
    if (!field.startsWith("__mv_")) {
      row.push([field, valuesOf(fields?.[field])]);
    }
  }
  return row;
}

function valuesOf(value: unknown): readonly string[] {
  if (typeof value === "string") {
    return [value];
  }
  if (value === null || value === undefined) {
    return [];
  }
  return Array.isArray(value) ? value.filter((one) => one !== null).map(textOf) : [textOf(value)];
}

function textOf(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  try {
    return JSON.stringify(value);
  } catch {
    throw new PayloadError("a value is nested too deeply");
  }
}

/** Splunk sends an empty text where others send null. */
function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

/** Another shape than what is hashed for a sid, so that no delivery of the one kind can have the id of one of the other. */
function idOfDelivery(deliveryId: string): string {
  return idFrom(deliveryId, JSON.stringify({ deliveryId }));
}

type Identified = Pick<Alert, "sid" | "searchName" | "app" | "rows" | "resultsLink">;

function alertId({ sid, searchName, app, rows, resultsLink }: Identified): string {
  if (sid === null) {
    return `al_${randomBytes(16).toString("hex")}`;
  }
  const identity = JSON.stringify([sid, rowNumberOf(resultsLink), rows.map(sorted), searchName, app]);
  return idFrom(sid, identity);
}

function idFrom(named: string, identity: string): string {
  return `al_${`${searchTimeOf(named)}${hash("sha256", identity, "hex")}`.slice(0, 32)}`;
}

function sorted(row: Row): Row {
  return row.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const perResultLink =
  /loadjob.{1,2000}head(?:%20|\+| )(\d{1,9})(?:%20|\+| |%7c|\|){1,9}tail(?:%20|\+| )1(?!\d)/i;

/** The N of a link like `…?q=|loadjob <sid> | head N | tail 1`, which Splunk writes when it sends one webhook per row. */
export function rowNumberOf(resultsLink: string | null): number | null {
  const found = resultsLink === null ? null : perResultLink.exec(resultsLink.slice(0, 5000));
  return found === null ? null : Number(found[1]);
}
