import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import express, { type Express, type Router } from "express";
import helmet from "helmet";
import { AppError, messageOf } from "../domain/errors.ts";
import type { AlertSource, Log } from "../ports.ts";
import { answerError, sendProblem } from "../problem.ts";
import { receiverUrl } from "./receiver-url.ts";
import { mountSplunkWebhook, type SplunkWebhookDeps } from "./splunk-webhook.ts";

export interface HttpServerDeps
  extends Omit<SplunkWebhookDeps, "accept" | "behindProxy" | "clientCertificateRequired"> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | null } | null;
  /** Addresses whose `X-Forwarded-For` counts. */
  readonly trustProxy: readonly string[];
  /** Further routes on the same port: health, API. */
  readonly routes: Router;
  readonly log: Log;
}

/** The receiver as a source of alerts, and the port on which the rest of the program answers too. */
export interface HttpServer extends AlertSource {
  /** `http://127.0.0.1:8080`, once started. */
  url(): string;
}

/** More would eat up the file descriptors that SSH, mail and look-ups need. */
const mostConnections = 2000;

/** How often overdue requests are looked for. */
const connectionsCheckingInterval = 5000;

/** How long `stop` waits for answers that have begun. */
const stopMs = 10_000;

/** Nothing listens until `start`. */
export function createHttpServer(deps: HttpServerDeps): HttpServer {
  let server: Server | undefined;
  let stopped: Promise<void> | undefined;

  return {
    name: "splunk-webhook",
    async start(accept) {
      const app = createExpressApp(deps, accept);
      const created =
        deps.tls === null
          ? createServer({ connectionsCheckingInterval }, app)
          : createTlsServer(
              {
                cert: deps.tls.cert,
                key: deps.tls.key,
                connectionsCheckingInterval,
                minVersion: "TLSv1.2",
                // Asked of everybody, required on the webhook only: probes and browsers have none.
                ...(deps.tls.clientCa === null
                  ? {}
                  : { ca: deps.tls.clientCa, requestCert: true, rejectUnauthorized: false }),
              },
              app,
            );
      created.requestTimeout = 30_000;
      created.headersTimeout = 15_000;
      created.maxConnections = mostConnections;
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

function createExpressApp(deps: HttpServerDeps, accept: SplunkWebhookDeps["accept"]): Express {
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
