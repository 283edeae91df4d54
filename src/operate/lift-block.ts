import { type Request, type RequestHandler, raw } from "express";
import { z } from "zod";
import type { Block } from "../domain/block.ts";
import type { Grace } from "../domain/grace.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Log, Store } from "../ports.ts";
import { sendProblem } from "../problem.ts";
import { blockJson, graceJson } from "./block-json.ts";
import { readPathPrefix } from "./read-path-prefix.ts";
import { type Reading, readQuery, readShape } from "./read-query.ts";
import { tooWideToLift } from "./too-wide.ts";

export interface LiftBlockDeps {
  readonly store: Pick<Store, "liftBlocks" | "gracesOn">;
  /** How long alerts may not block it again, when nobody says otherwise. */
  readonly graceSeconds: number;
  /** A block was lifted: firewalls have work. */
  readonly onLifted: () => void;
  readonly now: () => Date;
  readonly log: Log;
}

const mostGraceSeconds = 365 * 86_400;
/** A network may hold very many blocks; the answer tells no more of them than this. */
const mostListed = 1000;

const wantedText = "expected 1 to 200 characters, none of them a control character";
const wantedGrace = `expected whole seconds from 0 to ${mostGraceSeconds}`;

const Text = z
  .string(wantedText)
  .trim()
  .min(1, wantedText)
  .max(200, wantedText)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u, wantedText);

const LiftRequest = z.strictObject(
  {
    reason: Text.optional(),
    actor: Text.optional(),
    grace: z
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
      .pipe(z.int(wantedGrace).min(0, wantedGrace).max(mostGraceSeconds, wantedGrace))
      .optional(),
  },
  "This takes reason, actor and grace, and nothing else",
);
type LiftRequest = z.infer<typeof LiftRequest>;

/** Reads the body of a `DELETE`, which need not have one. */
export const readLiftBody: RequestHandler = raw({ type: () => true, limit: "16kb", inflate: false });

/**
 * `DELETE /api/v1/blocks/{ip}` or `{ip}/{length}`: lifts every block that covers it or lies in it. Who, why and the seconds of
 * grace stand in a JSON body or in the query. Without grace it also ends every grace that runs on it, around it or in it.
 */
export function liftBlock(deps: LiftBlockDeps): RequestHandler {
  return async (request, response) => {
    const asked = readRequest(request);
    if ("code" in asked) {
      sendProblem(response, asked.code, asked.problem);
      return;
    }
    const { prefix, wanted } = asked;
    const { lifted, graceUntil, endedGraces } = await lift(deps, prefix, wanted);
    if (lifted.length === 0 && endedGraces.length === 0) {
      sendProblem(response, "NOT_FOUND", `No block stands on ${prefix}.`);
      return;
    }
    response.json({
      prefix,
      decisionId: lifted[0]?.decisionId ?? null,
      graceUntil: graceUntil.toISOString(),
      liftedCount: lifted.length,
      lifted: lifted.slice(0, mostListed).map(blockJson),
      endedGraces: endedGraces.map(graceJson),
    });
  };
}

type Asked =
  | { readonly prefix: IpPrefix; readonly wanted: LiftRequest }
  | { readonly code: "PAYLOAD_INVALID" | "BODY_UNREADABLE"; readonly problem: string };

function readRequest(request: Request): Asked {
  const prefix = readPathPrefix(request);
  if (prefix === undefined) {
    return { code: "PAYLOAD_INVALID", problem: "The path must end in an IP address or a network." };
  }
  const misfit = tooWideToLift(prefix);
  if (misfit !== null) {
    return { code: "PAYLOAD_INVALID", problem: misfit };
  }
  const inBody = readBody(request.body);
  if (inBody === undefined) {
    return { code: "BODY_UNREADABLE", problem: "The body is not JSON." };
  }
  const wanted = joined(readQuery(request, LiftRequest), inBody);
  return "problem" in wanted
    ? { code: "PAYLOAD_INVALID", problem: wanted.problem }
    : { prefix, wanted: wanted.value };
}

interface Lifted {
  /** Newest first. */
  readonly lifted: readonly Block[];
  readonly graceUntil: Date;
  /** Those that would have gone on. */
  readonly endedGraces: readonly Grace[];
}

async function lift(
  { store, graceSeconds, onLifted, now, log }: LiftBlockDeps,
  prefix: IpPrefix,
  { actor = "administrator", reason = "lifted through the API", grace = graceSeconds }: LiftRequest,
): Promise<Lifted> {
  const time = now();
  const graceUntil = new Date(time.getTime() + grace * 1000);
  const endedGraces = grace === 0 ? await store.gracesOn(prefix, time) : [];
  const lifted = await store.liftBlocks(prefix, { actor, reason, now: time, graceUntil });
  if (lifted.length > 0) {
    const decisionIds = lifted.slice(0, 20).map(({ decisionId }) => decisionId);
    log.info({ prefix, blocks: lifted.length, decisionIds, actor, reason, graceUntil }, "block lifted");
    onLifted();
  }
  if (endedGraces.length > 0) {
    log.info({ prefix, networks: endedGraces.map((one) => one.prefix), actor, reason }, "grace ended");
  }
  return { lifted, graceUntil, endedGraces };
}

/** @returns undefined when it is no JSON */
function readBody(body: unknown): Reading<LiftRequest> | undefined {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    return { value: {} };
  }
  try {
    return readShape(JSON.parse(body.toString("utf8")), LiftRequest);
  } catch {
    return undefined;
  }
}

function joined(query: Reading<LiftRequest>, body: Reading<LiftRequest>): Reading<LiftRequest> {
  if ("problem" in query || "problem" in body) {
    return "problem" in query ? query : body;
  }
  const twice = Object.keys(query.value).filter((name) => name in body.value);
  return twice.length > 0
    ? { problem: `In the query and in the body: ${twice.join(", ")}.` }
    : { value: { ...query.value, ...body.value } };
}
