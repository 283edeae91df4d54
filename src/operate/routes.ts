import { type RequestHandler, Router } from "express";
import { AppError } from "../domain/errors.ts";
import { addressRoutes } from "./api/address-routes.ts";
import { allowRoutes } from "./api/allow-routes.ts";
import { approvalRoutes } from "./api/approval-routes.ts";
import { blockRoutes } from "./api/block-routes.ts";
import { controlRoutes } from "./api/control-routes.ts";
import { decisionRoutes } from "./api/decision-routes.ts";
import { intakeRoutes } from "./api/intake-routes.ts";
import type { ApiDeps } from "./api/deps.ts";
import { mountRoutes } from "./api/mount-routes.ts";
import { openApi } from "./api/open-api.ts";
import { policyRoutes } from "./api/policy-routes.ts";
import { receiptRoutes } from "./api/receipt-routes.ts";
import type { ApiRoute } from "./api/route.ts";
import { statusRoutes } from "./api/status-routes.ts";
import { tokenRoutes } from "./api/token-routes.ts";
import { createMetrics } from "./metrics.ts";

export type RoutesDeps = ApiDeps;

/** Probes, metrics, the API, and the document that describes it. */
export function createRoutes(deps: RoutesDeps): Router {
  const router = Router();
  const api = apiRoutes(deps);
  router.get("/healthz", (_request, response) => {
    response.json({ status: "ok", version: deps.version });
  });
  router.get("/readyz", answerReadiness(deps));
  router.get("/metrics", answerMetrics(deps));
  router.get("/api/openapi.json", answerDocument(api, deps.version));
  mountRoutes(router, api, deps);
  return router;
}

/** Every route of the API, in the order in which they are tried. */
export function apiRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [
    ...statusRoutes(deps),
    ...decisionRoutes(deps),
    ...intakeRoutes(deps),
    ...addressRoutes(deps),
    ...blockRoutes(deps),
    ...approvalRoutes(deps),
    ...allowRoutes(deps),
    ...controlRoutes(deps),
    ...policyRoutes(deps),
    ...receiptRoutes(deps),
    ...tokenRoutes(deps),
  ];
}

/** Needs no token: it is documentation. */
function answerDocument(routes: readonly ApiRoute[], version: string): RequestHandler {
  let text: string | undefined;
  return (_request, response) => {
    text ??= JSON.stringify(openApi(routes, version));
    response.type("application/json").send(text);
  };
}

function answerReadiness(deps: RoutesDeps): RequestHandler {
  return async (_request, response) => {
    const isReady = await unlessStoreIsAway(deps.store.firewalls());
    if (isReady === undefined) {
      response.status(503).json({ status: "the store does not answer" });
      return;
    }
    response.json({ status: "ready" });
  };
}

function answerMetrics(deps: RoutesDeps): RequestHandler {
  const metrics = createMetrics(deps);
  return async (_request, response) => {
    const text = await unlessStoreIsAway(metrics.read());
    if (text === undefined) {
      response.status(503).type("text/plain").send("the store does not answer\n");
      return;
    }
    response.set("Content-Type", metrics.contentType).send(text);
  };
}

/** @returns undefined when the store does not answer */
async function unlessStoreIsAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError && error.code === "STORE_UNAVAILABLE") {
      return undefined;
    }
    throw error;
  }
}
