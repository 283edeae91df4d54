import * as z from "zod";
import type { AlertSettings } from "../../domain/alert-settings.ts";
import type { WebhookSearch } from "../../ports.ts";
import { readSettings } from "../read-settings.ts";
import { entriesOf, Flag, readJson, TextOrNull } from "./splunk-answers.ts";
import type { SplunkQuestions } from "./splunk-questions.ts";

/** Source: Splunk REST API reference, `saved/searches`; `savedsearches.conf.spec` of Splunk 10.2. */
const SearchContent = z.object({
  "action.webhook": Flag,
  "action.webhook.param.url": TextOrNull,
  "action.portcullis_block": Flag,
  "action.portcullis_block.param.fields": TextOrNull,
  "action.portcullis_block.param.severity": TextOrNull,
  "action.portcullis_block.param.mode": TextOrNull,
  "action.portcullis_block.param.note": TextOrNull,
  is_scheduled: Flag,
  disabled: Flag,
  cron_schedule: TextOrNull,
  /** `2025-10-09 09:00:00 UTC`, in some versions ISO 8601. */
  next_scheduled_time: TextOrNull,
  /** On, unless it is said to be off. */
  "alert.digest_mode": z
    .unknown()
    .optional()
    .transform((value) => !(value === false || value === 0 || value === "0" || value === "false")),
  "alert.suppress": Flag,
  alert_type: TextOrNull,
  alert_comparator: TextOrNull,
  alert_threshold: TextOrNull,
});
type SearchContent = z.infer<typeof SearchContent>;
const SearchEntries = entriesOf(SearchContent);

const pageSize = 100;
/** More than any Splunk has; a server that ignores `offset` is not asked for ever. */
const mostSearches = 20_000;

const wanted = "action.webhook=1 OR action.portcullis_block=1";

/** All saved searches with a webhook or our own alert action. @throws {AppError} as `SplunkApi` does */
export async function readWebhookSearches(
  questions: SplunkQuestions,
  signal: AbortSignal,
): Promise<readonly WebhookSearch[]> {
  const all: WebhookSearch[] = [];
  const fields = Object.keys(SearchContent.shape).map((field) => `&f=${encodeURIComponent(field)}`);
  const about = "the saved searches";
  for (let offset = 0; offset < mostSearches; offset += pageSize) {
    const path = `/servicesNS/-/-/saved/searches?output_mode=json&search=${encodeURIComponent(wanted)}&count=${pageSize}&offset=${offset}${fields.join("")}`;
    const { text } = await questions.ask({ method: "GET", path, about }, signal);
    const { entry: entries } = readJson(questions.label, SearchEntries, text);
    all.push(
      ...entries
        .filter(({ content }) => content["action.webhook"] || content["action.portcullis_block"])
        .map(({ name, acl, content }) => searchOf(name, { app: acl?.app, owner: acl?.owner }, content)),
    );
    if (entries.length < pageSize) {
      break;
    }
  }
  return all;
}

function searchOf(
  name: string,
  { app, owner }: { readonly app: string | null | undefined; readonly owner: string | null | undefined },
  content: SearchContent,
): WebhookSearch {
  return {
    name,
    app: app ?? "search",
    owner: owner ?? "nobody",
    url: content["action.webhook"] ? (content["action.webhook.param.url"] ?? "") : null,
    ownAction: content["action.portcullis_block"] ? { settings: formOf(content) } : null,
    isScheduled: content.is_scheduled && !content.disabled,
    cron: content.cron_schedule,
    nextRunAt: timeOf(content.next_scheduled_time),
    isDigest: content["alert.digest_mode"],
    firesAbove: firesAbove(content),
  };
}

/** As the action sends what its form says. */
function formOf(content: SearchContent): AlertSettings | null {
  return readSettings({
    fields: (content["action.portcullis_block.param.fields"] ?? "").split(","),
    severity: content["action.portcullis_block.param.severity"],
    mode: content["action.portcullis_block.param.mode"],
    note: content["action.portcullis_block.param.note"],
  }).settings;
}

/** Null when the zone is a name that only Splunk's host knows: `CEST`. */
function timeOf(text: string | null): Date | null {
  const at = new Date(text ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** See `WebhookSearch.firesAbove`. */
function firesAbove(content: SearchContent): number | null {
  const { alert_type: type, alert_comparator: comparator, alert_threshold: threshold } = content;
  if (content["alert.suppress"]) {
    return null;
  }
  if (type === "always") {
    return -1;
  }
  if (type !== "number of events" && type !== "number of results") {
    return null;
  }
  const limit = /^\d{1,9}$/.test(threshold ?? "") ? Number(threshold) : null;
  if (comparator === "greater than") {
    return limit;
  }
  return comparator === "not equal to" && limit === 0 ? 0 : null;
}
