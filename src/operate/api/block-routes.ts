import { blockReportJson, graceJson } from "../block-json.ts";
import { readPathPrefix } from "../read-path-prefix.ts";
import { BlockList, BlocksOn } from "./block-shapes.ts";
import type { ApiDeps } from "./deps.ts";
import { exportBlocksRoute } from "./export-blocks.ts";
import { importBlocksRoute } from "./import-blocks.ts";
import { liftBlocksRoute } from "./lift-blocks.ts";
import { makeBlockRoute } from "./make-block.ts";
import { readPage } from "./pages.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { Flag, noParameters, only, pageKeys } from "./wanted-shapes.ts";

/** Blocks: those that stand and stood, made and lifted by hand, in and out as files. */
export function blockRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [
    listBlocksRoute(deps),
    makeBlockRoute(deps),
    // Before those with an address in their place.
    exportBlocksRoute(deps),
    importBlocksRoute(deps),
    showBlocksRoute(deps),
    liftBlocksRoute(deps),
  ];
}

function listBlocksRoute({ store, now }: ApiDeps): ApiRoute {
  return route({
    name: "listBlocks",
    method: "get",
    paths: ["/api/v1/blocks"],
    role: "viewer",
    summary: "Blocks, newest first",
    description:
      "`standing=true`: those that stand. `lifting=true`: those that somebody lifted and a firewall may still drop.",
    query: only({ ...pageKeys, standing: Flag, lifting: Flag }),
    answers: { 200: BlockList },
    async handle({ query: { limit, cursor, standing, lifting } }) {
      const page = await readPage(cursor, () =>
        store.listBlocks({ standingOnly: standing, liftingOnly: lifting, limit, cursor, now: now() }),
      );
      return "problem" in page
        ? page
        : reply(200, { blocks: page.blocks.map(blockReportJson), next: page.next });
    },
  });
}

function showBlocksRoute({ store, protectedReason, now }: ApiDeps): ApiRoute {
  return route({
    name: "showBlocks",
    method: "get",
    paths: ["/api/v1/blocks/{ip}", "/api/v1/blocks/{ip}/{length}"],
    params: { ip: "An IP address, or a network's first one", length: "The network's length" },
    role: "viewer",
    summary: "Every block that covers it, newest first; none is an empty list",
    description: "`graces` tells what keeps alerts from blocking it, `protected` what keeps everybody.",
    query: noParameters,
    answers: { 200: BlocksOn },
    async handle({ params }) {
      const prefix = readPathPrefix(params);
      if (prefix === undefined) {
        return { problem: "PAYLOAD_INVALID", detail: "The path must end in an IP address or a network." };
      }
      const time = now();
      const [blocks, graces] = await Promise.all([
        store.blocksOn(prefix, time),
        store.gracesOn(prefix, time),
      ]);
      return reply(200, {
        prefix,
        blocks: blocks.map(blockReportJson),
        graces: graces.map(graceJson),
        protected: protectedReason(prefix),
      });
    },
  });
}
