/** How Splunk writes things. Source: Splunk REST API reference, and answers captured from Splunk 8 to 10. */

export type StandInRow = Readonly<Record<string, string | readonly string[] | null>>;

export interface StandInJob {
  readonly sid: string;
  /** Null: never saved. */
  readonly searchName: string | null;
  readonly app?: string;
  readonly owner?: string;
  /** `_time` as seconds since 1970, as in a webhook. */
  readonly rows: readonly StandInRow[];
  /** Default is done. */
  readonly state?: "running" | "done" | "failed";
  readonly startedAt?: Date;
}

/** A saved search with a webhook. */
export interface StandInSearch {
  readonly name: string;
  readonly app?: string;
  readonly owner?: string;
  /** Besides, or instead of, the usual settings. */
  readonly content?: Readonly<Record<string, unknown>>;
}

export function messages(type: string, text: string): string {
  return JSON.stringify({ messages: [{ type, text }] });
}

/** Atom, as Splunk answers whoever forgets `output_mode=json`. */
export const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<response><messages><msg type="INFO">this is XML</msg></messages></response>\n`;

export function jobEntry(job: StandInJob): object {
  const { sid, searchName, app = "search", owner = "admin", rows, state = "done", startedAt } = job;
  return {
    // Asked for alone, a run is called as its search reads.
    name: "search index=main | stats count by src_ip",
    published: (startedAt ?? new Date("2026-11-20T12:00:00Z")).toISOString().replace("Z", "+00:00"),
    acl: { app, owner, sharing: "global" },
    content: {
      sid,
      ...(searchName === null ? {} : { label: searchName }),
      dispatchState: { running: "RUNNING", done: "DONE", failed: "FAILED" }[state],
      isDone: state !== "running",
      isFailed: state === "failed",
      isZombie: false,
      isSavedSearch: searchName !== null,
      resultCount: rows.length,
      eventCount: rows.length * 10,
      ttl: 3000,
    },
  };
}

/** An entry of a saved search's history, which says nothing of results. */
export function historyEntry(job: StandInJob): object {
  const { app = "search", owner = "admin", state = "done", startedAt } = job;
  return {
    name: job.sid,
    published: (startedAt ?? new Date("2026-11-20T12:00:00Z")).toISOString().replace("Z", "+00:00"),
    acl: { app, owner },
    content: {
      isDone: state === "running" ? "0" : "1",
      isFinalized: "0",
      isScheduled: "1",
      isZombie: "0",
      ttl: "3000",
    },
  };
}

interface SearchEntry {
  readonly name: string;
  readonly acl: object;
  readonly content: Readonly<Record<string, unknown>>;
}

export function searchEntry({
  name,
  app = "search",
  owner = "admin",
  content = {},
}: StandInSearch): SearchEntry {
  return {
    name,
    acl: { app, owner, sharing: "app" },
    content: {
      "action.webhook": "1",
      "action.webhook.param.url": "https://portcullis.example.net/webhooks/splunk/a-secret-token-1234",
      is_scheduled: true,
      disabled: false,
      cron_schedule: "*/5 * * * *",
      next_scheduled_time: "2026-11-20 12:05:00 UTC",
      "alert.digest_mode": true,
      "alert.suppress": "0",
      alert_type: "number of events",
      alert_comparator: "greater than",
      alert_threshold: "0",
      ...content,
    },
  };
}

/** `_time` as in the results of a run. */
export function asInResults(row: StandInRow): StandInRow {
  return withTime(row, (date) => date.toISOString().replace("Z", "+00:00"));
}

/** `_time` as in an export. */
function asInExport(row: StandInRow): StandInRow {
  return withTime(row, (date) => date.toISOString().replace("T", " ").replace("Z", " UTC"));
}

function withTime(row: StandInRow, write: (date: Date) => string): StandInRow {
  const time = row["_time"];
  return typeof time === "string" ? { ...row, _time: write(new Date(Number(time) * 1000)) } : row;
}

/** With all that an export may hold beside rows. */
export function exportLines(rows: readonly StandInRow[]): readonly string[] {
  const last = rows.length - 1;
  return [
    JSON.stringify({
      preview: true,
      offset: 0,
      lastrow: true,
      result: { src_ip: "192.0.2.255", count: "1" },
    }),
    "",
    JSON.stringify({ preview: false, messages: [{ type: "INFO", text: "Your timerange was substituted" }] }),
    ...rows.map((row, offset) =>
      JSON.stringify({
        preview: false,
        offset,
        ...(offset === last ? { lastrow: true } : {}),
        result: asInExport(row),
      }),
    ),
    ...(rows.length === 0 ? [JSON.stringify({ preview: false, lastrow: true })] : []),
  ];
}

export interface StandInSend {
  readonly sid: string;
  readonly searchName: string;
  readonly app?: string;
  readonly owner?: string;
  /** When the send began. */
  readonly at: Date;
  /** As the script writes it; null: it was delivered. Default is a refused connection. */
  readonly error?: string | null;
  /** Of the worker; null as in old versions. */
  readonly thread?: string | null;
}

export interface LogLine {
  readonly at: Date;
  readonly text: string;
}

/** What Splunk's log says about one webhook, half a second long. */
export function sendLines(send: StandInSend): readonly LogLine[] {
  const { sid, searchName, app = "search", owner = "admin", at, thread = "AlertNotifierWorker-0" } = send;
  const { error = "<urlopen error [Errno 111] Connection refused>" } = send;
  const line = (ms: number, level: string, text: string): LogLine => {
    const when = new Date(at.getTime() + ms);
    const [year, month, day] = when.toISOString().slice(0, 10).split("-");
    const stamp = `${month}-${day}-${year} ${when.toISOString().slice(11, 23)} +0000`;
    const worker = thread === null ? "" : ` [4711 ${thread}]`;
    return { at: when, text: `${stamp} ${level.padEnd(5)} sendmodalert${worker} - ${text}` };
  };
  const begun = `Invoking modular alert action=webhook for search="${searchName}" sid="${sid}" in app="${app}" owner="${owner}" type="saved"`;
  const post =
    "Sending POST request to url=https://portcullis.example.net/webhooks/splunk/a-secret-token-1234";
  const code = error === null ? 0 : 2;
  return [
    line(0, "INFO", begun),
    line(100, "INFO", `action=webhook STDERR -  ${post} with size=497 bytes payload`),
    error === null
      ? line(400, "INFO", "action=webhook STDERR -  Webhook receiver responded with HTTP status=202")
      : line(400, "ERROR", `action=webhook STDERR -  Error sending webhook request: ${error}`),
    line(
      500,
      "INFO",
      `action=webhook - Alert action script completed in duration=412 ms with exit code=${code}`,
    ),
    ...(error === null
      ? []
      : [line(500, "WARN", "action=webhook - Alert action script returned error code=2")]),
  ];
}
