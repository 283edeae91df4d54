import { type RequestHandler, Router } from "express";
import { AppError } from "../domain/errors.ts";
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixOf } from "../domain/ip-address.ts";
import { createSecretCheck } from "../domain/secret.ts";
import type { Log, Store } from "../ports.ts";
import { sendProblem } from "../problem.ts";
import { readStatus, type StatusDeps } from "./status.ts";

export interface RoutesDeps extends StatusDeps {
  readonly store: Pick<Store, "counts" | "firewalls" | "liftBlock">;
  readonly adminToken: string;
  readonly graceSeconds: number;
  /** A block was lifted: firewalls have work. */
  readonly onLifted: () => void;
  readonly log: Log;
}

/** Probes, and the part of the API that exists. */
export function createRoutes(deps: RoutesDeps): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => {
    response.json({ status: "ok", version: deps.version });
  });
  router.get("/readyz", answerReadiness(deps));
  router.use("/api/v1", requireAdmin(deps));
  router.get("/api/v1/status", async (_request, response) => {
    response.json(await readStatus(deps));
  });
  router.delete("/api/v1/blocks/:ip{/:length}", liftBlock(deps));
  return router;
}

function answerReadiness(deps: RoutesDeps): RequestHandler {
  return async (_request, response) => {
    try {
      await deps.store.firewalls();
      response.json({ status: "ready" });
    } catch (error) {
      if (!(error instanceof AppError)) {
        throw error;
      }
      response.status(503).json({ status: "the store does not answer" });
    }
  };
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

function liftBlock(deps: RoutesDeps): RequestHandler {
  return async (request, response) => {
    const prefix = readPrefix(String(request.params["ip"]), request.params["length"]);
    if (prefix === undefined) {
      sendProblem(response, "PAYLOAD_INVALID", "The path must end in an IP address or a network.");
      return;
    }
    const now = deps.now();
    const graceUntil = new Date(now.getTime() + deps.graceSeconds * 1000);
    const lifted = await deps.store.liftBlock(prefix, {
      actor: "administrator",
      reason: "lifted through the API",
      now,
      graceUntil,
    });
    if (lifted === null) {
      sendProblem(response, "NOT_FOUND", `No block stands on ${prefix}.`);
      return;
    }
    deps.log.info({ prefix, decisionId: lifted.decisionId, graceUntil }, "block lifted");
    deps.onLifted();
    response.json({ prefix, decisionId: lifted.decisionId, graceUntil: graceUntil.toISOString() });
  };
}

function readPrefix(ip: string, length: unknown): IpPrefix | undefined {
  if (typeof length === "string") {
    return parseIpPrefix(`${ip}/${length}`);
  }
  const address = parseIpAddress(ip);
  return address === undefined ? undefined : prefixOf(address);
}
