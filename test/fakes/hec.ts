import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { MadeCertificate } from "./splunk-certificate.ts";

/** What goes wrong with one request for events. */
export type HecFault =
  /** This answer; the events are not indexed. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends before the answer, and the events are indexed or not. */
  | { readonly kind: "cut"; readonly isIndexed: boolean }
  /** Nothing is ever answered. */
  | { readonly kind: "silent" };

export interface HecEnvelope {
  readonly time: number;
  readonly host: string;
  readonly source: string;
  readonly sourcetype: string;
  readonly index?: string;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface HecOptions {
  readonly port?: number;
  /** Default is without TLS. */
  readonly certificate?: MadeCertificate;
  readonly token?: string;
  /** Indexes that the token may write to. Default is any. */
  readonly indexes?: readonly string[];
  /** The token confirms what it indexed, and therefore wants a channel. */
  readonly useAck?: boolean;
}

/** Splunk's HTTP Event Collector, as documented, with its oddities. Source: Splunk, "Troubleshoot HTTP Event Collector", read 2026-11. */
export interface Hec {
  readonly url: string;
  readonly port: number;
  /** Everything that was indexed, also what came twice. */
  readonly indexed: HecEnvelope[];
  /** Of each request for events: its path, headers and size. */
  readonly requests: {
    readonly path: string;
    readonly headers: IncomingMessage["headers"];
    readonly bytes: number;
  }[];
  readonly healthChecks: () => number;
  /** Settings of the token, which an administrator may change. */
  readonly token: { value: string; isEnabled: boolean; indexes: readonly string[] | null };
  /** 17 is healthy. */
  health: number;
  /** The code with which this event is refused, or null. */
  refuses: (envelope: HecEnvelope) => number | null;
  failNext(...faults: readonly HecFault[]): void;
  stop(): Promise<void>;
}

/** HTTP status and text of each code. */
const replies: Readonly<Record<number, readonly [status: number, text: string]>> = {
  0: [200, "Success"],
  1: [403, "Token disabled"],
  2: [401, "Token is required"],
  3: [401, "Invalid authorization"],
  4: [403, "Invalid token"],
  5: [400, "No data"],
  6: [400, "Invalid data format"],
  7: [400, "Incorrect index"],
  8: [500, "Internal server error"],
  9: [503, "Server is busy"],
  10: [400, "Data channel is missing"],
  12: [400, "Event field is required"],
  13: [400, "Event field cannot be blank"],
  15: [400, "Error in handling indexed fields"],
  17: [200, "HEC is healthy"],
  18: [503, "HEC is unhealthy, queues are full"],
};

/** The answer with this code, as a fault. */
export function hecCode(code: number): HecFault {
  const [status, text] = replies[code] ?? [500, "unknown"];
  return { kind: "answer", status, body: JSON.stringify({ text, code }) };
}

/** @param options the token's default is `hec-token` */
export async function startHec(options: HecOptions = {}): Promise<Hec> {
  const { certificate } = options;
  const faults: HecFault[] = [];
  let healthChecks = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === "GET" && request.url === "/services/collector/health") {
      healthChecks += 1;
      answer(response, hec.health);
      return;
    }
    void collect(request, response);
  };
  const collect = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    hec.requests.push({ path: request.url ?? "", headers: request.headers, bytes: body.length });
    const fault = faults.shift();
    if (fault?.kind === "answer") {
      response.writeHead(fault.status, { Location: "https://127.0.0.1:1/elsewhere", ...fault.headers });
      response.end(fault.body);
    } else if (fault === undefined) {
      const { code, number } = index(hec, options, request, body);
      answer(response, code, number);
    } else if (fault.kind === "cut") {
      if (fault.isIndexed) {
        index(hec, options, request, body);
      }
      response.socket?.destroy();
    }
  };
  const server =
    certificate === undefined
      ? createHttpServer(handle)
      : createHttpsServer({ key: certificate.key, cert: certificate.cert }, handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", () => {
      resolve();
    });
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
  const { port } = server.address() as AddressInfo;
  const hec: Hec = {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    indexed: [],
    requests: [],
    healthChecks: () => healthChecks,
    token: { value: options.token ?? "hec-token", isEnabled: true, indexes: options.indexes ?? null },
    health: 17,
    refuses: () => null,
    failNext: (...next) => {
      faults.push(...next);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hec;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Outcome {
  readonly code: number;
  readonly number?: number;
}

/** One event after the other: those before a wrong one are indexed. */
function index(hec: Hec, { useAck = false }: HecOptions, request: IncomingMessage, body: Buffer): Outcome {
  const refusal = refusalOf(hec, request, useAck);
  if (refusal !== null) {
    return { code: refusal };
  }
  const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length === 0) {
    return { code: 5 };
  }
  for (const [number, line] of lines.entries()) {
    const { envelope, code } = read(hec, line);
    if (envelope === null) {
      // The number is one too high with an index that the token may not write to.
      return { code, number: code === 7 ? number + 1 : number };
    }
    hec.indexed.push(envelope);
  }
  return { code: 0 };
}

function refusalOf({ token }: Hec, { url, headers }: IncomingMessage, useAck: boolean): number | null {
  const [scheme, value] = (headers.authorization ?? "").split(" ");
  if (!["/services/collector/event", "/services/collector"].includes(url ?? "")) {
    return 404;
  }
  if (headers.authorization === undefined) {
    return 2;
  }
  if (scheme !== "Splunk") {
    return 3;
  }
  if (value !== token.value) {
    return 4;
  }
  if (!token.isEnabled) {
    return 1;
  }
  return useAck && headers["x-splunk-request-channel"] === undefined ? 10 : null;
}

function read(
  { token, refuses }: Hec,
  line: string,
): { readonly envelope: HecEnvelope | null; readonly code: number } {
  let envelope: HecEnvelope;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is used is looked at below
    envelope = JSON.parse(line) as HecEnvelope;
  } catch {
    return { envelope: null, code: 6 };
  }
  const { event, time, index: wanted } = envelope;
  const isAllowed = wanted === undefined || token.indexes === null || token.indexes.includes(wanted);
  const code =
    Object.keys(event).length === 0 ? 13 : typeof time !== "number" ? 15 : isAllowed ? refuses(envelope) : 7;
  return code === null ? { envelope, code: 0 } : { envelope: null, code };
}

function answer(response: ServerResponse, code: number, number?: number): void {
  const [status, text] = replies[code] ?? [404, "The requested URL was not found on this server."];
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(
    JSON.stringify({ text, code, ...(number === undefined ? {} : { "invalid-event-number": number }) }),
  );
}
