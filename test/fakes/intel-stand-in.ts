import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a look-up can go wrong. `cut`: the connection ends in the middle; `silent`: no answer until `stop`. */
export type Failure =
  | "wrong-key"
  | "quota"
  | "quota-with-retry-after"
  | "transient"
  | "rejected"
  | "html"
  | "truncated"
  | "cut"
  | "silent"
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
}

export interface StandIn {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  /** Path and query of every request so far. */
  readonly requests: readonly string[];
  /** Headers of every request so far. */
  readonly headers: readonly IncomingMessage["headers"][];
  /** The next requests fail this way. */
  failNext(failure: Failure, times?: number): void;
  stop(): Promise<void>;
}

/** An HTTP server on a free port of the loopback interface that answers as the dialect says. */
export async function startStandIn(dialect: Dialect): Promise<StandIn> {
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const failures: Failure[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    headers.push(request.headers);
    const url = new URL(request.url ?? "/", "http://stand-in");
    const failure = failures.shift();
    if (failure === undefined) {
      send(response, dialect.answer(request, url));
    } else {
      fail(dialect, failure, response, () => dialect.answer(request, url));
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}${dialect.basePath}`,
    requests,
    headers,
    failNext(failure, times = 1) {
      failures.push(...Array.from({ length: times }, () => failure));
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

function fail(dialect: Dialect, failure: Failure, response: ServerResponse, success: () => Answer): void {
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
  const html = "<html><body>Please log in</body></html>";
  const answers: Readonly<Record<Exclude<Failure, "silent" | "cut">, Answer>> = {
    ...dialect.failures,
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
