import { z } from "zod";
import type { BlockMode, Decision } from "../../domain/decision.ts";
import { blockModeOf } from "../../domain/decision.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { BlockReport } from "../../ports.ts";
import { blockReportJson } from "../block-json.ts";
import { BlockedAnswer } from "./block-shapes.ts";
import {
  alertByHand,
  entryByHand,
  isWide,
  refuseWhilePaused,
  secondsWanted,
  unknownGroups,
  type WantedBlock,
} from "./by-hand.ts";
import type { Caller } from "./caller.ts";
import { decisionJson } from "./decision-json.ts";
import type { ApiDeps } from "./deps.ts";
import { type ApiRoute, type Refusal, reply, route } from "./route.ts";
import { Actor, Duration, Line, Moment, noParameters, only, WantedNetwork } from "./wanted-shapes.ts";

const GroupNames = z.array(Line).min(1, "expected at least one group").max(100).optional();

const BlockRequest = only({
  network: WantedNetwork,
  duration: Duration.optional(),
  until: Moment.optional(),
  reason: Line,
  actor: Actor,
  groups: GroupNames,
  force: z.boolean("expected true or false").default(false),
  wide: z.boolean("expected true or false").default(false),
});
type BlockRequest = z.infer<typeof BlockRequest>;

/** A person blocks a network, or makes its block last longer. */
export function makeBlockRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "makeBlock",
    method: "post",
    paths: ["/api/v1/blocks"],
    role: "operator",
    summary: "Block a network, or extend the block that stands on it",
    description:
      "201: a new block. 200: a standing one lasts longer now, or one that lasts as long stood already. 409: the network is protected, or new blocks are paused. `force` (administrators): although new blocks are paused. `wide` (administrators): wider than /24 or /48.",
    query: noParameters,
    body: BlockRequest,
    answers: { 200: BlockedAnswer, 201: BlockedAnswer },
    problems: ["CONFLICT"],
    async handle({ body, caller }) {
      const wanted = read(deps, body, caller);
      if ("problem" in wanted) {
        return wanted;
      }
      const paused = await refuseWhilePaused(deps, caller, body.force);
      if (paused !== null) {
        return paused;
      }
      const { before, decision, block } = await make(deps, wanted, caller.actor(body.actor));
      if (block === undefined) {
        return { problem: "CONFLICT", detail: `${decision.reasons.join("; ")}.` };
      }
      const answer = { block: blockReportJson(block), decision: decisionJson(decision) };
      return before === undefined ? reply(201, answer) : reply(200, answer);
    },
  });
}

function read(deps: ApiDeps, body: BlockRequest, caller: Caller): WantedBlock | Refusal {
  const { network: prefix, reason, groups = null } = body;
  const seconds = secondsWanted(body, deps.now());
  if (typeof seconds === "string") {
    return { problem: "PAYLOAD_INVALID", detail: `${seconds}.` };
  }
  const misfit = unknownGroups(deps, groups);
  if (misfit !== null) {
    return { problem: "PAYLOAD_INVALID", detail: `groups: ${misfit}.` };
  }
  const tooWide = isWide(prefix) ? refuseWide(prefix, caller, body.wide) : null;
  const protectedReason = deps.protectedReason(prefix);
  if (tooWide !== null || protectedReason === null) {
    return tooWide ?? { prefix, reason, seconds, groups };
  }
  return { problem: "CONFLICT", detail: `${prefix} may not be blocked: ${protectedReason}.` };
}

function refuseWide(prefix: IpPrefix, { role }: Caller, wide: boolean): Refusal | null {
  const what = `${prefix} is wider than /24 (IPv4) or /48 (IPv6)`;
  if (role !== "administrator") {
    return { problem: "FORBIDDEN", detail: `${what}: only an administrator may ask for that.` };
  }
  return wide ? null : { problem: "CONFLICT", detail: `${what}: say "wide": true.` };
}

async function make(
  deps: ApiDeps,
  wanted: WantedBlock,
  actor: string,
): Promise<{
  /** Stood before. */
  readonly before: BlockReport | undefined;
  readonly decision: Decision;
  /** Stands now. */
  readonly block: BlockReport | undefined;
}> {
  const { store, channels, wakeFirewalls, log } = deps;
  const { prefix, reason } = wanted;
  const time = deps.now();
  const mode = blockModeOf(deps.mode);
  const before = standing(await store.blocksOn(prefix, time), mode);
  const alert = alertByHand(time);
  const entry = entryByHand(deps, wanted, { alertId: alert.id, actor, now: time, channels });
  const [decision] = await store.recordByHand(alert, [entry]);
  if (decision === undefined) {
    throw new Error("the store recorded no decision");
  }
  log.info({ prefix, decisionId: decision.id, action: decision.action, actor, reason }, "blocked by hand");
  wakeFirewalls();
  return { before, decision, block: await blockOf(deps, decision, prefix) };
}

/** The block of this decision; one that stood already and made it `ignore`; undefined when there is none. */
async function blockOf(
  { store, now, mode }: ApiDeps,
  decision: Decision,
  prefix: IpPrefix,
): Promise<BlockReport | undefined> {
  const blocks = await store.blocksOn(prefix, now());
  return blocks.find(({ block }) => block.decisionId === decision.id) ?? standing(blocks, blockModeOf(mode));
}

function standing(blocks: readonly BlockReport[], mode: BlockMode): BlockReport | undefined {
  return blocks.find(({ state, block }) => state === "standing" && block.mode === mode);
}
