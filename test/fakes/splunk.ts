import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { certificateFor, type MadeCertificate } from "./splunk-certificate.ts";
import { bodyOf, logRows, misbehave, page, send, type SplunkFault } from "./splunk-wire.ts";
import {
  asInResults,
  exportLines,
  historyEntry,
  jobEntry,
  messages,
  searchEntry,
  sendLines,
  type LogLine,
  type StandInJob,
  type StandInRow,
  type StandInSearch,
  type StandInSend,
  xml,
} from "./splunk-shapes.ts";

export type { SplunkFault } from "./splunk-wire.ts";
export type { StandInJob, StandInSearch, StandInSend } from "./splunk-shapes.ts";

export interface SeenRequest {
  readonly method: string;
  /** As it was sent. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

export interface SplunkOptions {
  /** Old ones have no `v2`. Default is new. */
  readonly version?: "new" | "old";
  /** Names the host, as Splunk's own certificate does not. */
  readonly hostName?: string;
  readonly certificate?: MadeCertificate;
  /** Default is a free one. */
  readonly port?: number;
  /** Limit of rows in one answer. Default is 50,000. */
  readonly maxResultRows?: number;
}

export const splunkToken = "splunk.stand-in.token";
export const splunkUser = { user: "portcullis", password: "correct horse" } as const;

/** Splunk's management API on loopback. Whatever is added counts for the next request. */
export async function startSplunk(options: SplunkOptions = {}) {
  const { version = "new", maxResultRows = 50_000, hostName } = options;
  const certificate = options.certificate ?? certificateFor(hostName);
  const jobs = new Map<string, StandInJob>();
  const searches: StandInSearch[] = [];
  const log: LogLine[] = [];
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const faults: { readonly fault: SplunkFault; readonly at: RegExp }[] = [];
  const forbidden: RegExp[] = [];
  const sessions = new Set<string>();
  let logins = 0;
  let bytesRead = 0;
  let ended = 0;
  let openExports = 0;
  let isHolding = false;
  const released = Promise.withResolvers<void>();
  let rowsFor: (form: Readonly<Record<string, string>>) => readonly StandInRow[] = () => [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const seen: SeenRequest = {
      method: request.method ?? "",
      url: request.url ?? "",
      authorization: request.headers.authorization,
      form: Object.fromEntries(new URLSearchParams(body)),
    };
    requests.push(seen);
    const planned = faults.findIndex(({ at }) => at.test(seen.url));
    const [fault] = planned === -1 ? [] : faults.splice(planned, 1);
    if (fault?.fault.kind === "slow") {
      await released.promise;
    } else if (fault !== undefined) {
      misbehave(response, fault.fault);
      return;
    }
    answer(seen, response);
  };

  const answer = (seen: SeenRequest, response: ServerResponse): void => {
    const url = new URL(seen.url, "https://splunk");
    const wanted = { ...Object.fromEntries(url.searchParams), ...seen.form };
    if (url.pathname === "/services/auth/login") {
      logIn(seen.form, response);
    } else if (!isKnown(seen.authorization)) {
      send(response, 401, messages("WARN", "call not properly authenticated"));
    } else if (forbidden.some((path) => path.test(url.pathname))) {
      send(response, 403, messages("WARN", "insufficient permission to access this resource"));
    } else if (wanted["output_mode"] !== "json") {
      send(response, 200, xml, "text/xml");
    } else if (/\/saved\/searches(?:\/|$)/.test(url.pathname)) {
      answerSearches(url.pathname, wanted, response);
    } else {
      answerJobs(url.pathname, wanted, response);
    }
  };

  const isKnown = (authorization = ""): boolean =>
    authorization === `Bearer ${splunkToken}` || sessions.has(authorization.replace(/^Splunk /, ""));

  const logIn = (form: Readonly<Record<string, string>>, response: ServerResponse): void => {
    logins += 1;
    if (form["username"] === splunkUser.user && form["password"] === splunkUser.password) {
      const sessionKey = `session^key_${logins}`;
      sessions.add(sessionKey);
      send(response, 200, JSON.stringify({ sessionKey, message: "", code: "" }));
    } else {
      response.setHeader("WWW-Authenticate", 'Basic realm="/splunk"');
      send(response, 401, messages("ERROR", "Unauthorized"));
    }
  };

  const answerSearches = (
    path: string,
    { search = "", count = "30", offset = "0" }: Readonly<Record<string, string>>,
    response: ServerResponse,
  ): void => {
    const parts = path.split("/").map(decodeURIComponent);
    if (path.endsWith("/saved/searches")) {
      const conditions = search.split(" OR ").map((condition) => condition.split("="));
      const found = searches
        .map(searchEntry)
        .filter(({ content }) =>
          conditions.some(([key = "", value]) => value === undefined || String(content[key]) === value),
        );
      send(response, 200, JSON.stringify({ entry: page(found, count, offset) }));
      return;
    }
    const [, , owner, app, , , name] = parts;
    const known = searches.find((one) => one.name === name && (one.app ?? "search") === app);
    if (known === undefined || (known.owner ?? "admin") !== owner) {
      send(response, 404, messages("ERROR", `Could not find object id=${name}`));
      return;
    }
    const runs = [...jobs.values()].filter((job) => job.searchName === name && (job.app ?? "search") === app);
    send(response, 200, JSON.stringify({ entry: page(runs.map(historyEntry), count, offset) }));
  };

  const answerJobs = (
    path: string,
    wanted: Readonly<Record<string, string>>,
    response: ServerResponse,
  ): void => {
    const [, v2, rest] = /^\/services\/search\/(v2\/)?jobs\/(.*)$/.exec(path) ?? [];
    if (rest === undefined || (v2 !== undefined && version === "old")) {
      send(response, 404, messages("ERROR", "Not Found"));
      return;
    }
    if (rest === "export") {
      sendExport(wanted, response);
      return;
    }
    const [sid = "", what] = rest.split("/").map(decodeURIComponent);
    const job = jobs.get(sid);
    if (job === undefined) {
      send(response, 404, messages("FATAL", "Unknown sid."));
    } else if (what === undefined) {
      send(response, 200, JSON.stringify({ entry: [jobEntry(job)] }));
    } else if (job.state === "running") {
      send(response, 204, "");
    } else {
      sendResults(job, wanted, response);
    }
  };

  const sendResults = (
    job: StandInJob,
    { count = "100", offset = "0" }: Readonly<Record<string, string>>,
    response: ServerResponse,
  ): void => {
    const rows = page(job.rows, count, offset).slice(0, maxResultRows).map(asInResults);
    const fields = Object.keys(rows[0] ?? {}).map((name) => ({ name }));
    const more = rows.length === 0 ? {} : { fields };
    const whole = { preview: false, init_offset: Number(offset), messages: [], ...more, results: rows };
    send(response, 200, JSON.stringify({ ...whole, highlighted: {} }));
  };

  const sendExport = (form: Readonly<Record<string, string>>, response: ServerResponse): void => {
    openExports += 1;
    response.once("close", () => {
      openExports -= 1;
    });
    response.writeHead(200, { "Content-Type": "application/json; charset=UTF-8", Connection: "close" });
    const rows = /\bindex=_internal\b/.test(form["search"] ?? "") ? logRows(log, form) : rowsFor(form);
    for (const line of exportLines(rows)) {
      response.write(`${line}\n`);
    }
    if (!isHolding) {
      response.end();
    }
  };

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    void handle(request, response);
  });
  server.on("secureConnection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("data", (chunk: Buffer) => {
      bytesRead += chunk.length;
    });
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("connection", (socket) => {
    socket.once("close", () => {
      ended += 1;
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;

  return {
    host: "127.0.0.1",
    port,
    ca: certificate.ca,
    certSha256: certificate.certSha256,
    requests: requests as readonly SeenRequest[],
    /** Bytes that arrived inside TLS, over all connections. */
    bytesRead: () => bytesRead,
    /** Connections that are over, whether or not they got as far as TLS. */
    ended: () => ended,
    logins: () => logins,
    /** Searches that run now. */
    openExports: () => openExports,
    /** The settings with which the program finds it. */
    env: (): Record<string, string> => ({
      SPLUNK_HOST: "127.0.0.1",
      SPLUNK_PORT: String(port),
      SPLUNK_TOKEN: splunkToken,
      SPLUNK_CERT_SHA256: certificate.certSha256,
    }),
    addJob(job: StandInJob) {
      jobs.set(job.sid, job);
    },
    /** Its time is over. */
    dropJob(sid: string) {
      jobs.delete(sid);
    },
    addSearch(search: StandInSearch) {
      searches.push(search);
    },
    /** A webhook, as Splunk's log tells of it. */
    logSend(send: StandInSend) {
      log.push(...sendLines(send));
    },
    logLine(line: LogLine) {
      log.push(line);
    },
    /** What a search finds that is not about Splunk's own log. */
    onSearch(rows: typeof rowsFor) {
      rowsFor = rows;
    },
    /** Searches give their rows and do not end. */
    holdSearches() {
      isHolding = true;
    },
    /** The next request whose URL fits goes wrong. */
    failNext(fault: SplunkFault, at = /^/) {
      faults.push({ fault, at });
    },
    /** Answers what was slow. */
    release: released.resolve,
    /** 403 for every path that fits. */
    forbid(path: RegExp) {
      forbidden.push(path);
    },
    /** Keys of sessions are no longer taken. */
    endSessions() {
      sessions.clear();
    },
    /** Harmless when called twice. */
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        sockets.forEach((socket) => {
          socket.destroy();
        });
      }),
  };
}
