import { type RequestHandler, Router } from "express";
import { AppError } from "../domain/errors.ts";
import { createSecretCheck } from "../domain/secret.ts";
import type { Store } from "../ports.ts";
import { sendProblem } from "../problem.ts";
import { liftBlock, type LiftBlockDeps, readLiftBody } from "./lift-block.ts";
import { createMetrics } from "./metrics.ts";
import { readFirewalls } from "./read-firewalls.ts";
import { listBlocks, showBlocks } from "./show-blocks.ts";
import { readStatus, type StatusDeps } from "./status.ts";

export interface RoutesDeps extends StatusDeps, Omit<LiftBlockDeps, "store"> {
  readonly store: Pick<
    Store,
    | "counts"
    | "firewalls"
    | "backlogs"
    | "withdrawnBlocks"
    | "listBlocks"
    | "blocksOn"
    | "gracesOn"
    | "liftBlocks"
  >;
  readonly adminToken: string;
}

/** Probes, metrics, and the part of the API that exists. */
export function createRoutes(deps: RoutesDeps): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => {
    response.json({ status: "ok", version: deps.version });
  });
  router.get("/readyz", answerReadiness(deps));
  router.get("/metrics", answerMetrics(deps));
  router.use("/api/v1", requireAdmin(deps));
  router.get("/api/v1/status", async (_request, response) => {
    response.json(await readStatus(deps));
  });
  router.get("/api/v1/firewalls", async (_request, response) => {
    response.json({ firewalls: await readFirewalls(deps) });
  });
  router.get("/api/v1/firewalls/:name", showFirewall(deps));
  router.get("/api/v1/blocks", listBlocks(deps));
  router.get("/api/v1/blocks/:ip{/:length}", showBlocks(deps));
  router.delete("/api/v1/blocks/:ip{/:length}", readLiftBody, liftBlock(deps));
  return router;
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

function requireAdmin({ adminToken }: RoutesDeps): RequestHandler {
  const isAdmin = createSecretCheck([adminToken]);
  return (request, response, next) => {
    const [scheme = "", token = ""] = (request.headers.authorization ?? "").split(" ");
    if (scheme.toLowerCase() === "bearer" && isAdmin(token)) {
      next();
      return;
    }
    response.set("WWW-Authenticate", "Bearer");
    sendProblem(
      response,
      "UNAUTHENTICATED",
      "Send `Authorization: Bearer <ADMIN_TOKEN>`. `portcullis secrets` prints it.",
    );
  };
}

function showFirewall(deps: RoutesDeps): RequestHandler {
  return async ({ params }, response) => {
    const report = (await readFirewalls(deps)).find(({ name }) => name === params["name"]);
    if (report === undefined) {
      sendProblem(response, "NOT_FOUND", "No firewall of this name is configured.");
      return;
    }
    response.json(report);
  };
}
