import { z } from "zod";
import type { BlockReport } from "../../ports.ts";
import { blockJson } from "../block-json.ts";
import { BlockExport } from "./block-shapes.ts";
import { csvLine } from "./csv.ts";
import type { ApiDeps } from "./deps.ts";
import { type ApiRoute, route } from "./route.ts";
import { only } from "./wanted-shapes.ts";
import { writeReason } from "./write-reason.ts";

const perPage = 500;

const columns = ["network", "reason", "until", "mode", "groups", "createdAt", "decisionId"] as const;

interface Exported {
  readonly network: string;
  readonly reason: string;
  readonly until: string;
  readonly mode: string;
  readonly groups: readonly string[] | null;
  readonly createdAt: string;
  readonly decisionId: string;
}

/** All standing blocks as one file. */
export function exportBlocksRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "exportBlocks",
    method: "get",
    paths: ["/api/v1/blocks/export"],
    role: "viewer",
    summary: "All standing blocks as one file, newest first",
    description:
      "In CSV a cell that a spreadsheet would run has a `'` before it. Each format can be imported again.",
    media: ["application/json", "text/csv", "application/jsonl"],
    query: only({ format: z.enum(["json", "csv", "jsonl"], "expected json, csv or jsonl").default("json") }),
    answers: { 200: BlockExport },
    handle: ({ query: { format }, signal }) =>
      Promise.resolve({
        stream: writers[format](readExported(deps, signal)),
        type: types[format],
        fileName: `blocks.${format}`,
      }),
  });
}

const types = { json: "application/json", csv: "text/csv", jsonl: "application/jsonl" } as const;

const writers = {
  async *json(pages: AsyncIterable<readonly Exported[]>) {
    let separator = '{"blocks":[';
    for await (const page of pages) {
      const items = page.map((block) => JSON.stringify(block)).join(",\n");
      if (items !== "") {
        yield `${separator}\n${items}`;
        separator = ",";
      }
    }
    yield separator === "," ? "\n]}\n" : '{"blocks":[]}\n';
  },
  async *csv(pages: AsyncIterable<readonly Exported[]>) {
    yield csvLine(columns);
    for await (const page of pages) {
      yield page
        .map((block) =>
          csvLine(columns.map((name) => (name === "groups" ? (block.groups ?? []).join(";") : block[name]))),
        )
        .join("");
    }
  },
  async *jsonl(pages: AsyncIterable<readonly Exported[]>) {
    for await (const page of pages) {
      yield page.map((block) => `${JSON.stringify(block)}\n`).join("");
    }
  },
} as const;

/** Page by page: 100,000 blocks are never in memory together. */
async function* readExported(
  { store, now }: Pick<ApiDeps, "store" | "now">,
  signal: AbortSignal,
): AsyncGenerator<readonly Exported[]> {
  let cursor: string | null = null;
  do {
    const page: { readonly blocks: readonly BlockReport[]; readonly next: string | null } =
      await store.listBlocks({ standingOnly: true, limit: perPage, cursor, now: now() });
    yield await Promise.all(page.blocks.map((report) => exported(store, report)));
    cursor = page.next;
  } while (cursor !== null && !signal.aborted);
}

async function exported(
  store: Pick<ApiDeps["store"], "decision">,
  { block }: BlockReport,
): Promise<Exported> {
  const { prefix, mode, groups, createdAt, decisionId, expiresAt } = blockJson(block);
  const decision = await store.decision(decisionId);
  return {
    network: prefix,
    reason: writeReason(decision),
    until: expiresAt?.toISOString() ?? "permanent",
    mode,
    groups,
    createdAt: createdAt.toISOString(),
    decisionId,
  };
}
