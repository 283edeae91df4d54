import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * How a look-up can go wrong. `cut`: the connection ends in the middle; `silent`: no answer until `stop`; `slow`: a byte now and then,
 * for ever; `endless`: 100 MB of an answer.
 */
export type Failure =
  | "wrong-key"
  | "quota"
  | "quota-with-retry-after"
  | "quota-with-date"
  | "quota-as-html"
  | "transient"
  | "rejected"
  | "html"
  | "truncated"
  | "cut"
  | "silent"
  | "slow"
  | "endless"
  | "huge"
  | "wrong-shape"
  | "other-address"
  | "redirect";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one service answers in its own words. */
export interface Dialect {
  /** Begins every path. */
  readonly basePath: string;
  readonly answer: (request: IncomingMessage, url: URL) => Answer;
  readonly failures: Readonly<
    Record<
      Extract<Failure, "wrong-key" | "quota" | "quota-with-retry-after" | "transient" | "rejected">,
      Answer
    >
  >;
  /** A success about another address than the one asked for. */
  readonly otherAddress: Answer;
  readonly hugeBytes: number;
  /** What time the service believes it is. Default is the real one. */
  readonly now?: (() => Date) | undefined;
}

export interface StandIn {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  /** Path and query of every request so far. */
  readonly requests: readonly string[];
  /** When each of them came, by the clock of the service. */
  readonly times: readonly Date[];
  /** Headers of every request so far. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** The next requests fail this way; those only whose path and query contain `about`, when it is given. */
  failNext(failure: Failure, times?: number, about?: string): void;
  /** How much of `endless` answers has been sent. */
  readonly sent: { readonly bytes: number };
  stop(): Promise<void>;
}

/** Seconds after which the date of `quota-with-date` is. */
export const quotaDateSeconds = 90;

const endlessBytes = 100 * 1024 * 1024;
const html = "<html><body>Please log in</body></html>";

/** An HTTP server on a free port of the loopback interface that answers as the dialect says. */
export async function startStandIn(dialect: Dialect): Promise<StandIn> {
  const requests: string[] = [];
  const times: Date[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const failures: { readonly failure: Failure; readonly about: string }[] = [];
  const takeFailure = (path: string): Failure | undefined => {
    const index = failures.findIndex(({ about }) => path.includes(about));
    return index === -1 ? undefined : failures.splice(index, 1)[0]?.failure;
  };
  const sent = { bytes: 0 };
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    times.push(dialect.now?.() ?? new Date());
    headers.push(request.headers);
    const url = new URL(request.url ?? "/", "http://stand-in");
    const failure = takeFailure(request.url ?? "");
    if (failure === undefined) {
      send(response, dialect.answer(request, url));
    } else if (failure === "slow" || failure === "endless") {
      drip(failure, response, sent);
    } else {
      fail(dialect, failure, response, () => dialect.answer(request, url));
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}${dialect.basePath}`,
    requests,
    times,
    headers,
    sent,
    failNext(failure, times = 1, about = "") {
      failures.push(...Array.from({ length: times }, () => ({ failure, about })));
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** Writes until the other side has had enough. */
function drip(kind: "slow" | "endless", response: ServerResponse, sent: { bytes: number }): void {
  const chunk = kind === "slow" ? " " : "x".repeat(64 * 1024);
  response.writeHead(200, { "Content-Type": "application/json" });
  const write = (): void => {
    if (response.destroyed || sent.bytes >= endlessBytes) {
      response.end();
      return;
    }
    sent.bytes += chunk.length;
    response.write(chunk, () => {
      setTimeout(write, kind === "slow" ? 10 : 0);
    });
  };
  write();
}

function fail(
  dialect: Dialect,
  failure: Exclude<Failure, "slow" | "endless">,
  response: ServerResponse,
  success: () => Answer,
): void {
  if (failure === "silent") {
    return;
  }
  if (failure === "cut") {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100000" });
    response.write(half(success()), () => {
      response.destroy();
    });
    return;
  }
  const { quota } = dialect.failures;
  const date = new Date((dialect.now?.() ?? new Date()).getTime() + quotaDateSeconds * 1000);
  const answers: Readonly<Record<Exclude<Failure, "silent" | "cut" | "slow" | "endless">, Answer>> = {
    ...dialect.failures,
    "quota-with-date": { ...quota, headers: { "Retry-After": date.toUTCString() } },
    "quota-as-html": { status: 429, body: html, headers: { "Content-Type": "text/html" } },
    html: { status: 200, body: html, headers: { "Content-Type": "text/html" } },
    truncated: { status: 200, body: half(success()) },
    huge: { status: 200, body: { data: "x".repeat(failure === "huge" ? dialect.hugeBytes : 0) } },
    "wrong-shape": { status: 200, body: { data: [] } },
    "other-address": dialect.otherAddress,
    redirect: { status: 302, body: "", headers: { Location: "/elsewhere" } },
  };
  send(response, answers[failure]);
}

function half({ body }: Answer): string {
  const text = JSON.stringify(body);
  return text.slice(0, Math.floor(text.length / 2));
}
