import { z } from "zod";
import type { Block } from "../../domain/block.ts";
import type { Grace } from "../../domain/grace.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { Log, Store } from "../../ports.ts";
import { blockJson, graceJson } from "../block-json.ts";
import { readPathPrefix } from "../read-path-prefix.ts";
import { tooWideToLift } from "../too-wide.ts";
import { LiftAnswer } from "./block-shapes.ts";
import { type ApiRoute, type Call, type Refusal, reply, route } from "./route.ts";
import { Actor, Line, only } from "./wanted-shapes.ts";
import { writtenAs } from "./components.ts";

export interface LiftBlockDeps {
  readonly store: Pick<Store, "liftBlocks" | "gracesOn">;
  /** How long alerts may not block it again, when nobody says otherwise. */
  readonly graceSeconds: number;
  /** Blocks were made or lifted: firewalls have work. */
  readonly wakeFirewalls: () => void;
  readonly now: () => Date;
  readonly log: Log;
}

const mostGraceSeconds = 365 * 86_400;
/** A network may hold very many blocks; the answer tells no more of them than this. */
export const mostListed = 1000;

const wantedGrace = `expected whole seconds from 0 to ${mostGraceSeconds}`;

const LiftRequest = only({
  reason: Line.optional(),
  actor: Actor,
  grace: writtenAs(
    z
      .union(
        [
          z.number(),
          z
            .string()
            .regex(/^\d{1,9}$/)
            .transform(Number),
        ],
        wantedGrace,
      )
      .pipe(z.int(wantedGrace).min(0, wantedGrace).max(mostGraceSeconds, wantedGrace)),
    { type: "integer", minimum: 0, maximum: mostGraceSeconds, description: "Seconds" },
  ).optional(),
});
type LiftRequest = z.infer<typeof LiftRequest>;

/** Lifts every block that covers a network or lies in it. */
export function liftBlocksRoute(deps: LiftBlockDeps): ApiRoute {
  return route({
    name: "liftBlocks",
    method: "delete",
    paths: ["/api/v1/blocks/{ip}", "/api/v1/blocks/{ip}/{length}"],
    params: { ip: "An IP address, or a network's first one", length: "The network's length" },
    role: "operator",
    summary: "Lift every block that covers it or lies in it",
    description:
      "Who, why and the seconds of grace stand in a JSON body or in the query. With a grace of 0 it also ends every grace that runs on it, around it or in it.",
    query: LiftRequest,
    body: LiftRequest,
    answers: { 200: LiftAnswer },
    problems: ["NOT_FOUND"],
    async handle(call) {
      const asked = readAsked(call);
      if ("problem" in asked) {
        return asked;
      }
      const { prefix, wanted } = asked;
      const { lifted, graceUntil, endedGraces } = await lift(deps, prefix, {
        ...wanted,
        actor: call.caller.actor(wanted.actor),
      });
      if (lifted.length === 0 && endedGraces.length === 0) {
        return { problem: "NOT_FOUND", detail: `No block stands on ${prefix}.` };
      }
      return reply(200, {
        prefix,
        decisionId: lifted[0]?.decisionId ?? null,
        graceUntil,
        liftedCount: lifted.length,
        lifted: lifted.slice(0, mostListed).map(blockJson),
        endedGraces: endedGraces.map(graceJson),
      });
    },
  });
}

function readAsked({
  params,
  query,
  body,
}: Call<LiftRequest, LiftRequest>): { readonly prefix: IpPrefix; readonly wanted: LiftRequest } | Refusal {
  const prefix = readPathPrefix(params);
  if (prefix === undefined) {
    return { problem: "PAYLOAD_INVALID", detail: "The path must end in an IP address or a network." };
  }
  const misfit = tooWideToLift(prefix);
  if (misfit !== null) {
    return { problem: "PAYLOAD_INVALID", detail: misfit };
  }
  const twice = Object.keys(query).filter((name) => name in body);
  return twice.length > 0
    ? { problem: "PAYLOAD_INVALID", detail: `In the query and in the body: ${twice.join(", ")}.` }
    : { prefix, wanted: { ...query, ...body } };
}

interface Lifted {
  /** Newest first. */
  readonly lifted: readonly Block[];
  readonly graceUntil: Date;
  /** Those that would have gone on. */
  readonly endedGraces: readonly Grace[];
}

async function lift(
  { store, graceSeconds, wakeFirewalls, now, log }: LiftBlockDeps,
  prefix: IpPrefix,
  {
    actor,
    reason = "lifted through the API",
    grace = graceSeconds,
  }: LiftRequest & { readonly actor: string },
): Promise<Lifted> {
  const time = now();
  const graceUntil = new Date(time.getTime() + grace * 1000);
  const endedGraces = grace === 0 ? await store.gracesOn(prefix, time) : [];
  const lifted = await store.liftBlocks(prefix, { actor, reason, now: time, graceUntil });
  if (lifted.length > 0) {
    const decisionIds = lifted.slice(0, 20).map(({ decisionId }) => decisionId);
    log.info({ prefix, blocks: lifted.length, decisionIds, actor, reason, graceUntil }, "block lifted");
    wakeFirewalls();
  }
  if (endedGraces.length > 0) {
    log.info({ prefix, networks: endedGraces.map((one) => one.prefix), actor, reason }, "grace ended");
  }
  return { lifted, graceUntil, endedGraces };
}
