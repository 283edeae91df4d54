import { z } from "zod";
import type { BlockMode, Decision } from "../../domain/decision.ts";
import { blockModeOf } from "../../domain/decision.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { BlockReport } from "../../ports.ts";
import { blockReportJson } from "../block-json.ts";
import { tooWideToBlock } from "../too-wide.ts";
import { BlockedAnswer } from "./block-shapes.ts";
import {
  alertByHand,
  endWanted,
  entryByHand,
  refuseWhilePaused,
  unknownGroups,
  type WantedBlock,
} from "./by-hand.ts";
import { refuseCrawler } from "./refuse-crawler.ts";
import { soleAddress } from "./find-crawlers.ts";
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
      "201: a new block. 200: a standing one lasts longer now, or one that lasts as long stood already. 400: it is wider than /24 (IPv4) or /48 (IPv6). 409: the network is protected, the address is a crawler's, or new blocks are paused. `force` (administrators): although new blocks are paused, or it is a crawler.",
    query: noParameters,
    body: BlockRequest,
    answers: { 200: BlockedAnswer, 201: BlockedAnswer },
    problems: ["CONFLICT"],
    async handle({ body, caller, signal }) {
      const wanted = read(deps, body);
      if ("problem" in wanted) {
        return wanted;
      }
      const by = { caller, force: body.force, signal };
      const refusal =
        (await refuseWhilePaused(deps, caller, body.force)) ??
        (await refuseCrawler(deps, soleAddress(wanted.prefix), by));
      if (refusal !== null) {
        return refusal;
      }
      const made = await make(deps, wanted, caller.actor(body.actor));
      if ("problem" in made) {
        return made;
      }
      const { before, decision, block } = made;
      if (block === undefined) {
        return { problem: "CONFLICT", detail: `${decision.reasons.join("; ")}.` };
      }
      const answer = { block: blockReportJson(block), decision: decisionJson(decision) };
      return before === undefined ? reply(201, answer) : reply(200, answer);
    },
  });
}

function read(deps: ApiDeps, body: BlockRequest): WantedBlock | Refusal {
  const { network: prefix, reason, groups = null } = body;
  const tooWide = tooWideToBlock(prefix);
  if (tooWide !== null) {
    return { problem: "PAYLOAD_INVALID", detail: `network: ${tooWide}` };
  }
  const end = endWanted(body, deps.now());
  if (typeof end === "string") {
    return { problem: "PAYLOAD_INVALID", detail: `${end}.` };
  }
  const misfit = unknownGroups(deps, groups);
  if (misfit !== null) {
    return { problem: "PAYLOAD_INVALID", detail: `groups: ${misfit}.` };
  }
  return refuseProtected(deps, prefix) ?? { prefix, reason, end, groups };
}

function refuseProtected({ protectedReason }: ApiDeps, prefix: IpPrefix): Refusal | null {
  const why = protectedReason(prefix);
  return why === null ? null : { problem: "CONFLICT", detail: `${prefix} may not be blocked: ${why}.` };
}

interface Made {
  /** Stood before. */
  readonly before: BlockReport | undefined;
  readonly decision: Decision;
  /** Stands now. */
  readonly block: BlockReport | undefined;
}

async function make(deps: ApiDeps, wanted: WantedBlock, actor: string): Promise<Made | Refusal> {
  const { store, channels, wakeFirewalls, log } = deps;
  const { prefix, reason } = wanted;
  const time = deps.now();
  const mode = blockModeOf(deps.mode);
  const before = standing(await store.blocksOn(prefix, time), mode);
  // Again: firewalls and name servers may have told something while others were asked.
  const refusal = refuseProtected(deps, prefix);
  if (refusal !== null) {
    return refusal;
  }
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
