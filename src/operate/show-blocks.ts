import type { RequestHandler } from "express";
import { z } from "zod";
import type { Store } from "../ports.ts";
import { sendProblem } from "../problem.ts";
import { blockReportJson, graceJson } from "./block-json.ts";
import { readPathPrefix } from "./read-path-prefix.ts";
import { readQuery } from "./read-query.ts";

export interface ShowBlocksDeps {
  readonly store: Pick<Store, "listBlocks" | "blocksOn" | "gracesOn">;
  readonly now: () => Date;
}

const mostPerPage = 500;

const wantedCursor = "expected what `next` of the page before said";
const wantedLimit = `expected a whole number from 1 to ${mostPerPage}`;

const ListQuery = z.strictObject(
  {
    limit: z
      .string()
      .regex(/^\d{1,3}$/, wantedLimit)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= mostPerPage, wantedLimit)
      .default(100),
    cursor: z.string().min(1, wantedCursor).max(200, wantedCursor).nullable().default(null),
    standing: z
      .enum(["true", "false"], "expected true or false")
      .transform((text) => text === "true")
      .default(false),
    lifting: z
      .enum(["true", "false"], "expected true or false")
      .transform((text) => text === "true")
      .default(false),
  },
  "This takes limit, cursor, standing and lifting, and nothing else",
);

/**
 * `GET /api/v1/blocks?limit=&cursor=&standing=true`, newest first. `lifting=true`: those that somebody lifted and a firewall may
 * still drop.
 */
export function listBlocks({ store, now }: ShowBlocksDeps): RequestHandler {
  return async (request, response) => {
    const query = readQuery(request, ListQuery);
    if ("problem" in query) {
      sendProblem(response, "PAYLOAD_INVALID", query.problem);
      return;
    }
    const { limit, cursor, standing, lifting } = query.value;
    try {
      const page = await store.listBlocks({
        standingOnly: standing,
        liftingOnly: lifting,
        limit,
        cursor,
        now: now(),
      });
      response.json({ blocks: page.blocks.map(blockReportJson), next: page.next });
    } catch (error) {
      // The store alone can tell whether a cursor is one of its own.
      if (!(error instanceof RangeError) || cursor === null) {
        throw error;
      }
      sendProblem(response, "PAYLOAD_INVALID", `cursor: ${wantedCursor}.`);
    }
  };
}

/**
 * `GET /api/v1/blocks/{ip}` or `{ip}/{length}`: every block that covers it, newest first; none is an empty list. `graces`: what
 * keeps alerts from blocking it.
 */
export function showBlocks({ store, now }: ShowBlocksDeps): RequestHandler {
  return async (request, response) => {
    const prefix = readPathPrefix(request);
    const query = readQuery(request, z.strictObject({}, "This takes no parameters"));
    if (prefix === undefined || "problem" in query) {
      sendProblem(
        response,
        "PAYLOAD_INVALID",
        "problem" in query ? query.problem : "The path must end in an IP address or a network.",
      );
      return;
    }
    const time = now();
    const [blocks, graces] = await Promise.all([store.blocksOn(prefix, time), store.gracesOn(prefix, time)]);
    response.json({ prefix, blocks: blocks.map(blockReportJson), graces: graces.map(graceJson) });
  };
}
