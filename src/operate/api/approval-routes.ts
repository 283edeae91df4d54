import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { AllowEntry } from "../../domain/allow-entry.ts";
import { prefixOf } from "../../domain/ip-address.ts";
import type { Hold } from "../../ports.ts";
import { blockReportJson } from "../block-json.ts";
import { allow } from "./allow.ts";
import { answerHold } from "./answer-hold.ts";
import { refuseWhilePaused } from "./by-hand.ts";
import { refuseCrawler } from "./refuse-crawler.ts";
import type { Caller } from "./caller.ts";
import { writtenAs } from "./components.ts";
import { ApprovedAnswer, DeniedAnswer } from "./control-shapes.ts";
import { decisionJson } from "./decision-json.ts";
import type { ApiDeps } from "./deps.ts";
import { allowEntryJson } from "./people-json.ts";
import { type ApiRoute, type Refusal, reply, route } from "./route.ts";
import { Actor, Duration, Line, noParameters, only } from "./wanted-shapes.ts";

const ApproveRequest = only({
  reason: Line.optional(),
  duration: Duration.optional(),
  actor: Actor,
  force: z.boolean("expected true or false").default(false),
});

const DenyRequest = only({
  reason: Line.optional(),
  actor: Actor,
  allowFor: writtenAs(
    z
      .literal("always")
      .transform(() => Number.POSITIVE_INFINITY)
      .or(Duration),
    { type: "string", description: "`always`, or a duration: puts the address on the allow-list" },
  ).optional(),
});

/** A person says yes or no. */
export function approvalRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [approveRoute(deps), denyRoute(deps)];
}

const nothingWaits: Refusal = {
  problem: "NOT_FOUND",
  detail: "Nothing of this id waits or waited for a person.",
};

function approveRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "approve",
    method: "post",
    paths: ["/api/v1/approvals/{id}/approve"],
    params: { id: "Its decision's id" },
    role: "operator",
    summary: "Block what waits for a person",
    description:
      "Without a duration for as long as the policy says. 409: it was answered or has lapsed, the address is protected, a crawler's or let out, or new blocks are paused. `force` (administrators): although new blocks are paused, or it is a crawler.",
    query: noParameters,
    body: ApproveRequest,
    answers: { 200: ApprovedAnswer },
    problems: ["NOT_FOUND", "CONFLICT"],
    async handle({ params, body, caller, signal }) {
      const { reason = "approved through the API", duration = null, force } = body;
      const hold = await deps.store.hold(params["id"] ?? "", deps.now());
      if (hold === undefined) {
        return nothingWaits;
      }
      const refusal = await refuseApproval(deps, hold, { caller, force, signal });
      if (refusal !== null) {
        return refusal;
      }
      const answered = await answerHold(deps, hold, {
        actor: caller.actor(body.actor),
        reason,
        seconds: duration,
        channels: deps.channels,
      });
      if (answered.kind !== "blocked") {
        const why = answered.kind === "protected" ? answered.reason : answered.decision.reasons.join("; ");
        return { problem: "CONFLICT", detail: `It was not blocked: ${why}.` };
      }
      const { decision } = answered;
      deps.wakeFirewalls();
      const block = (await deps.store.blocksOn(prefixOf(decision.ip), deps.now())).find(
        (report) => report.block.decisionId === decision.id,
      );
      return reply(200, {
        decision: decisionJson(decision),
        block: block === undefined ? null : blockReportJson(block),
      });
    },
  });
}

async function refuseApproval(
  deps: ApiDeps,
  { state, decision: { ip } }: Hold,
  by: { readonly caller: Caller; readonly force: boolean; readonly signal: AbortSignal },
): Promise<Refusal | null> {
  return state === "waiting"
    ? ((await refuseWhilePaused(deps, by.caller, by.force)) ?? refuseCrawler(deps, ip, by))
    : { problem: "CONFLICT", detail: `It does not wait any more: it is ${state}.` };
}

function denyRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "deny",
    method: "post",
    paths: ["/api/v1/approvals/{id}/deny"],
    params: { id: "Its decision's id" },
    role: "operator",
    summary: "Leave alone what waits for a person",
    description: "`allowFor` (`24h`, `always`) also puts the address on the allow-list.",
    query: noParameters,
    body: DenyRequest,
    answers: { 200: DeniedAnswer },
    problems: ["NOT_FOUND", "CONFLICT"],
    async handle({ params, body, caller }) {
      const { store, log } = deps;
      const { reason = "denied through the API", allowFor } = body;
      const id = params["id"] ?? "";
      const now = deps.now();
      const hold = await store.hold(id, now);
      if (hold === undefined) {
        return nothingWaits;
      }
      const actor = caller.actor(body.actor);
      if (!(await store.denyHold(id, { actor, reason, now }))) {
        return {
          problem: "CONFLICT",
          detail: "It does not wait any more: somebody has answered, or it has lapsed.",
        };
      }
      log.info({ hold: id, ip: hold.decision.ip, actor, reason }, "hold denied");
      if (allowFor === undefined) {
        return reply(200, { id, state: "denied" as const, allowed: null });
      }
      const entry: AllowEntry = {
        id: `aw_${randomUUID().replaceAll("-", "")}`,
        prefix: prefixOf(hold.decision.ip),
        reason,
        owner: "",
        actor,
        createdAt: now,
        expiresAt: Number.isFinite(allowFor) ? new Date(now.getTime() + allowFor * 1000) : null,
      };
      await allow(deps, entry);
      return reply(200, { id, state: "denied" as const, allowed: allowEntryJson(entry, true) });
    },
  });
}
