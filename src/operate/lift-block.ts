import { type RequestHandler, raw } from "express";
import { z } from "zod";
import type { Block } from "../domain/block.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Log, Store } from "../ports.ts";
import { sendProblem } from "../problem.ts";
import { blockJson } from "./block-json.ts";
import { readPathPrefix } from "./read-path-prefix.ts";
import { type Reading, readQuery, readShape } from "./read-query.ts";

export interface LiftBlockDeps {
  readonly store: Pick<Store, "liftBlocks">;
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
 * grace stand in a JSON body or in the query.
 */
export function liftBlock(deps: LiftBlockDeps): RequestHandler {
  return async (request, response) => {
    const prefix = readPathPrefix(request);
    if (prefix === undefined) {
      sendProblem(response, "PAYLOAD_INVALID", "The path must end in an IP address or a network.");
      return;
    }
    const inQuery = readQuery(request, LiftRequest);
    const inBody = readBody(request.body);
    if (inBody === undefined) {
      sendProblem(response, "BODY_UNREADABLE", "The body is not JSON.");
      return;
    }
    const wanted = joined(inQuery, inBody);
    if ("problem" in wanted) {
      sendProblem(response, "PAYLOAD_INVALID", wanted.problem);
      return;
    }
    const { lifted, graceUntil } = await lift(deps, prefix, wanted.value);
    const [first] = lifted;
    if (first === undefined) {
      sendProblem(response, "NOT_FOUND", `No block stands on ${prefix}.`);
      return;
    }
    response.json({
      prefix,
      decisionId: first.decisionId,
      graceUntil: graceUntil.toISOString(),
      liftedCount: lifted.length,
      lifted: lifted.slice(0, mostListed).map(blockJson),
    });
  };
}

async function lift(
  { store, graceSeconds, onLifted, now, log }: LiftBlockDeps,
  prefix: IpPrefix,
  { actor = "administrator", reason = "lifted through the API", grace = graceSeconds }: LiftRequest,
): Promise<{ readonly lifted: readonly Block[]; readonly graceUntil: Date }> {
  const time = now();
  const graceUntil = new Date(time.getTime() + grace * 1000);
  const lifted = await store.liftBlocks(prefix, { actor, reason, now: time, graceUntil });
  if (lifted.length > 0) {
    const decisionIds = lifted.slice(0, 20).map(({ decisionId }) => decisionId);
    log.info({ prefix, blocks: lifted.length, decisionIds, actor, reason, graceUntil }, "block lifted");
    onLifted();
  }
  return { lifted, graceUntil };
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
