import type { Row } from "../../src/domain/alert.ts";
import { AppError, type ErrorCode } from "../../src/domain/errors.ts";
import type { LostSend, SearchJob, SearchWanted, SplunkApi, WebhookSearch } from "../../src/ports.ts";

/** Rows of one page; Splunk has 50,000. */
const pageRows = 1000;

/** A run of a search that is done and has these rows. */
export interface FakeRun {
  readonly job: SearchJob;
  readonly rows: readonly Row[];
}

/** Splunk's API in memory: knows the runs, searches and lost sends that it is given, and fails while `failure` is set. */
export class MemorySplunk implements SplunkApi {
  readonly label = "splunk.example.net:8089";
  readonly runs = new Map<string, FakeRun>();
  readonly searches: WebhookSearch[] = [];
  readonly lost: LostSend[] = [];
  /** Whom it was asked about, in order. */
  readonly asked: string[] = [];
  failure: AppError | undefined;
  /** Fails after so many pages. */
  failAfterPages = Number.POSITIVE_INFINITY;
  mayReadInternal = true;

  /** Adds a run that is done. @returns its sid */
  addRun(sid: string, rows: readonly Row[], changes: Partial<SearchJob> = {}): string {
    const job: SearchJob = {
      sid,
      searchName: "SSH brute force",
      app: "search",
      owner: "admin",
      state: "done",
      resultCount: rows.length,
      startedAt: null,
      ...changes,
    };
    this.runs.set(sid, { job, rows });
    return sid;
  }

  async job(sid: string): Promise<SearchJob> {
    this.asked.push(`job ${sid}`);
    return (await this.#run(sid)).job;
  }

  async *results(sid: string): AsyncIterable<readonly Row[]> {
    this.asked.push(`results ${sid}`);
    const { rows } = await this.#run(sid);
    for (let start = 0, page = 0; start < rows.length; start += pageRows, page += 1) {
      if (page >= this.failAfterPages) {
        throw splunkError("SPLUNK_UNREACHABLE");
      }
      yield rows.slice(start, start + pageRows);
    }
  }

  // oxlint-disable-next-line require-yield -- nothing asks for it
  async *search(_wanted: SearchWanted): AsyncIterable<readonly Row[]> {
    await this.#answer();
    throw splunkError("SPLUNK_REJECTED");
  }

  async lostSends(since: Date, until: Date): Promise<readonly LostSend[]> {
    await this.#answer();
    this.asked.push(`lost ${since.toISOString()} ${until.toISOString()}`);
    if (!this.mayReadInternal) {
      throw splunkError("SPLUNK_FORBIDDEN");
    }
    return this.lost.filter(({ failedAt }) => failedAt >= since && failedAt <= until);
  }

  async webhookSearches(): Promise<readonly WebhookSearch[]> {
    await this.#answer();
    return [...this.searches];
  }

  async history({ name }: Pick<WebhookSearch, "name" | "app" | "owner">): Promise<readonly SearchJob[]> {
    await this.#answer();
    return [...this.runs.values()].map(({ job }) => job).filter(({ searchName }) => searchName === name);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #run(sid: string): Promise<FakeRun> {
    await this.#answer();
    const run = this.runs.get(sid);
    if (run === undefined) {
      throw splunkError("SPLUNK_UNKNOWN_SID");
    }
    return run;
  }

  #answer(): Promise<void> {
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }
}

/** As the client throws it. */
export function splunkError(code: ErrorCode): AppError {
  const retryable = code === "SPLUNK_UNREACHABLE" || code === "SPLUNK_NOT_READY";
  return new AppError(code, `splunk.example.net:8089: ${code.toLowerCase().replaceAll("_", " ")}`, {
    retryable,
  });
}

/** A scheduled search that sends one webhook with its first row to this URL. */
export function webhookSearch(url: string, changes: Partial<WebhookSearch> = {}): WebhookSearch {
  return {
    name: "SSH brute force",
    app: "search",
    owner: "admin",
    url,
    ownAction: null,
    isScheduled: true,
    cron: "*/5 * * * *",
    nextRunAt: null,
    isDigest: true,
    firesAbove: 0,
    ...changes,
  };
}
