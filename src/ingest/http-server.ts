import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import express, { type Express, type Router } from "express";
import helmet from "helmet";
import { AppError, messageOf } from "../domain/errors.ts";
import type { AlertSource, Log } from "../ports.ts";
import { answerError, sendProblem } from "../problem.ts";
import { receiverUrl } from "./receiver-url.ts";
import { type AdmissionLimits, createAdmission } from "./admission.ts";
import { limitConnections, tellOfDrops } from "./limit-connections.ts";
import { mountSplunkWebhook } from "./splunk-webhook.ts";
import type { WebhookDeps } from "./webhook-deps.ts";

export interface HttpServerDeps
  extends Omit<WebhookDeps, "accept" | "behindProxy" | "clientCertificateRequired" | "admissions"> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | null } | null;
  /** Addresses whose `X-Forwarded-For` counts. */
  readonly trustProxy: readonly string[];
  /** Further routes on the same port: health, API. */
  readonly routes: Router;
  readonly log: Log;
  /** For tests. Default is what a machine with 1 GB bears. */
  readonly bounds?: Partial<ServerBounds>;
}

/** What one machine lets others take of it. */
export interface ServerBounds {
  /** More would eat up the file descriptors that SSH, mail and look-ups need. */
  readonly mostConnections: number;
  /** Of one sender. */
  readonly mostOfSender: number;
  /** From the opening of a connection until the last header. */
  readonly headersMs: number;
  /** Until the last byte of the body. */
  readonly requestMs: number;
  /** How often overdue requests are looked for. */
  readonly checkMs: number;
  /** Deliveries whose sender has proved itself. In memory a byte of JSON becomes about five. */
  readonly known: AdmissionLimits;
  /** Signed deliveries before their signature is checked. */
  readonly unproved: AdmissionLimits;
}

const mebibyte = 1024 * 1024;

const usualBounds: ServerBounds = {
  mostConnections: 2000,
  mostOfSender: 1000,
  headersMs: 15_000,
  requestMs: 30_000,
  checkMs: 5000,
  known: { mostDeliveries: 2000, mostBytes: 64 * mebibyte, shareOfSender: 1 },
  unproved: { mostDeliveries: 500, mostBytes: 32 * mebibyte, shareOfSender: 0.5 },
};

/** The receiver as a source of alerts, and the port on which the rest of the program answers too. */
export interface HttpServer extends AlertSource {
  /** `http://127.0.0.1:8080`, once started. */
  url(): string;
}

/** How long `stop` waits for answers that have begun. */
const stopMs = 10_000;

/** Nothing listens until `start`. */
export function createHttpServer(deps: HttpServerDeps): HttpServer {
  let server: Server | undefined;
  let stopped: Promise<void> | undefined;

  return {
    name: "splunk-webhook",
    async start(accept) {
      const created = createBoundedServer(deps, createExpressApp(deps, accept));
      await listen(created, deps);
      server = created;
    },
    stop() {
      stopped ??= server === undefined ? Promise.resolve() : close(server);
      return stopped;
    },
    url() {
      return urlOf(server, deps);
    },
  };
}

function createBoundedServer(deps: HttpServerDeps, app: Express): Server {
  const { tls, trustProxy, refusals } = deps;
  const { checkMs, headersMs, requestMs, mostConnections, mostOfSender } = boundsOf(deps);
  const connectionsCheckingInterval = checkMs;
  const server =
    tls === null
      ? createServer({ connectionsCheckingInterval }, app)
      : createTlsServer(
          {
            cert: tls.cert,
            key: tls.key,
            connectionsCheckingInterval,
            handshakeTimeout: headersMs,
            minVersion: "TLSv1.2",
            // Asked of everybody, required on the webhook only: probes and browsers have none.
            ...(tls.clientCa === null
              ? {}
              : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
          },
          app,
        );
  server.requestTimeout = requestMs;
  server.headersTimeout = headersMs;
  server.maxConnections = mostConnections;
  tellOfDrops(server, refusals);
  // All connections of a proxy come from one address.
  if (trustProxy.length === 0) {
    limitConnections(server, mostOfSender, refusals);
  }
  return server;
}

function boundsOf({ bounds }: HttpServerDeps): ServerBounds {
  return { ...usualBounds, ...bounds };
}

function createExpressApp(deps: HttpServerDeps, accept: WebhookDeps["accept"]): Express {
  const { known, unproved } = boundsOf(deps);
  const app = express();
  app.set("etag", false);
  app.set("x-powered-by", false);
  app.set("query parser", false);
  app.set("trust proxy", deps.trustProxy.length === 0 ? false : [...deps.trustProxy]);
  mountSplunkWebhook(app, {
    ...deps,
    accept,
    behindProxy: deps.trustProxy.length > 0,
    clientCertificateRequired: deps.tls !== null && deps.tls.clientCa !== null,
    admissions: { known: createAdmission(known), unproved: createAdmission(unproved) },
  });
  app.use(helmet({ contentSecurityPolicy: { directives: { "default-src": ["'none'"] } } }));
  app.use(deps.routes);
  app.use((_request, response) => {
    sendProblem(response, "NOT_FOUND", "There is nothing at this address.");
  });
  app.use(answerError(deps.log));
  return app;
}

function listen(server: Server, { host, port, log }: HttpServerDeps): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const hint =
        "code" in error && error.code === "EADDRINUSE"
          ? ": another program listens there; set PORT to a free one"
          : "";
      reject(
        new AppError("CONFIG_INVALID", `can't listen on ${host}:${port} (${messageOf(error)})${hint}`, {
          retryable: false,
          cause: error,
        }),
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", (error) => {
        log.error({ error: messageOf(error) }, "HTTP server error");
      });
      resolve();
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, stopMs);
  await closed;
  clearTimeout(timer);
}

function urlOf(server: Server | undefined, { host, port, tls }: HttpServerDeps): string {
  const address = server?.address();
  const actualPort = typeof address === "object" && address !== null ? address.port : port;
  return receiverUrl({ isTls: tls !== null, host, port: actualPort }, "127.0.0.1");
}
