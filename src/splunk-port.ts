/** Splunk's management API, by which we ask back. Types only; imported through `ports.ts`. */
import type { AlertSettings } from "./domain/alert-settings.ts";
import type { Row } from "./domain/alert.ts";

/** Splunk's stock webhook, or our own alert action. */
export type SendingAction = "webhook" | "portcullis_block";

/** One run of a search, as Splunk still keeps it. */
export interface SearchJob {
  readonly sid: string;
  /** Null for a search that was never saved, or when Splunk does not tell. */
  readonly searchName: string | null;
  readonly app: string | null;
  readonly owner: string | null;
  readonly state: "running" | "done" | "failed";
  readonly resultCount: number;
  readonly startedAt: Date | null;
}

/** A saved search that sends its alerts to a webhook, or by our own alert action. */
export interface WebhookSearch {
  readonly name: string;
  readonly app: string;
  readonly owner: string;
  /** The URL in `action.webhook.param.url`. Holds a secret: never log it. Null: the webhook is off. */
  readonly url: string | null;
  /** Our own alert action, with what its form says; null: it is off. */
  readonly ownAction: { readonly settings: AlertSettings | null } | null;
  /** Switched on, and with a schedule. */
  readonly isScheduled: boolean;
  readonly cron: string | null;
  readonly nextRunAt: Date | null;
  /** True: its actions run once for all rows; false: once for each row. */
  readonly isDigest: boolean;
  /**
   * It fires when a run has more results than this, when that is all it takes; -1: always, also without any result. Null: another
   * condition, or throttling, which can't be judged from outside.
   */
  readonly firesAbove: number | null;
}

/** An alert that Splunk, or our own alert action, could not deliver, by Splunk's log. */
export interface LostSend {
  readonly action: SendingAction;
  readonly sid: string;
  readonly searchName: string | null;
  readonly app: string | null;
  readonly owner: string | null;
  readonly failedAt: Date;
  /** In Splunk's words; may quote anything. */
  readonly reason: string;
}

/**
 * Splunk's management API. It tries once; somebody else decides about trying again.
 * @throws {AppError} from every method: SPLUNK_UNREACHABLE (retryable; network, TLS, 5xx), SPLUNK_LOGIN_REFUSED (401),
 * SPLUNK_FORBIDDEN (403), SPLUNK_UNKNOWN_SID (404), SPLUNK_NOT_READY (retryable; 204, 503), SPLUNK_REJECTED (400),
 * SPLUNK_ANSWER_INVALID. The message names the host and what to do, and quotes no secret.
 */
export interface SplunkApi {
  /** `splunk.example.net:8089`, for messages. */
  readonly label: string;
  /** The run with this sid; for a real-time sid also when Splunk only knows it without its snapshot number. */
  job(sid: string, signal: AbortSignal): Promise<SearchJob>;
  /**
   * All rows of a run, page by page, in Splunk's order; none only when the run is done and has none. The pages of a run that goes on may
   * be cut short by SPLUNK_NOT_READY.
   */
  results(sid: string, signal: AbortSignal): AsyncIterable<readonly Row[]>;
  /** Runs a search now and gives its rows as they come. */
  search(wanted: SearchWanted, signal: AbortSignal): AsyncIterable<readonly Row[]>;
  /**
   * Sends that Splunk logged as failed in this time, one per action and sid; not those that our own action still keeps and sends again. Needs the right to read `_internal`. May name one that did arrive,
   * where Splunk's log does not tell how it ended; Splunk needs some seconds until it finds its own newest lines.
   */
  lostSends(since: Date, until: Date, signal: AbortSignal): Promise<readonly LostSend[]>;
  /** All saved searches with a webhook or our own action, in every app, of every owner. */
  webhookSearches(signal: AbortSignal): Promise<readonly WebhookSearch[]>;
  /** The runs of a search that Splunk still keeps, newest first. SPLUNK_UNKNOWN_SID: there is no such search any more. */
  history(
    search: Pick<WebhookSearch, "name" | "app" | "owner">,
    signal: AbortSignal,
  ): Promise<readonly SearchJob[]>;
  /** Harmless when called twice. */
  close(): Promise<void>;
}

export interface SearchWanted {
  /** As a person types it: `index=main …`, or beginning with `|`. */
  readonly search: string;
  /** Splunk's notation, e.g. `-5m`, or seconds since 1970. */
  readonly earliest: string;
  readonly latest: string;
}
