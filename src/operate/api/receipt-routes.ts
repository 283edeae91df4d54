import { z } from "zod";
import {
  chainStart,
  type Receipt,
  type ReceiptFault,
  type ReceiptHead,
  verifyChain,
  verifyHead,
} from "../../domain/receipt.ts";
import type { ReceiptPage } from "../../ports.ts";
import type { ApiDeps } from "./deps.ts";
import { receiptJson } from "./people-json.ts";
import { ReceiptList, ReceiptShape, VerifyAnswer } from "./people-shapes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { noParameters, only, pageKeys } from "./wanted-shapes.ts";
import { writtenAs } from "./components.ts";

const perPage = 500;

const wantedSeq = "expected a receipt's number";

const After = writtenAs(
  z
    .string()
    .regex(/^\d{1,15}$/, wantedSeq)
    .transform(Number)
    .default(0),
  { type: "integer", minimum: 0, default: 0, description: "The number of the last receipt already known" },
);

/** The chain of everything that was decided and done. */
export function receiptRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [listRoute(deps), verifyRoute(deps), exportRoute(deps)];
}

function listRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "listReceipts",
    method: "get",
    paths: ["/api/v1/receipts"],
    role: "viewer",
    summary: "Receipts, oldest first, from the one after `after`",
    query: only({ after: After, limit: pageKeys.limit }),
    answers: { 200: ReceiptList },
    async handle({ query: { after, limit } }) {
      const { receipts, last } = await store.receiptsAfter(after, limit);
      return reply(200, { receipts: receipts.map(receiptJson), next: last });
    },
  });
}

function verifyRoute({ store, now }: ApiDeps): ApiRoute {
  return route({
    name: "verifyReceipts",
    method: "get",
    paths: ["/api/v1/receipts/verify"],
    role: "viewer",
    summary: "Reads the whole chain and finds the first edit, then compares the tables with it",
    description:
      "Every decision, standing block, entry of the allow-list, token and the pause must be as its receipt says. Who can write to the database could make a whole new chain: keep `head` elsewhere, or compare with what was exported before.",
    query: noParameters,
    answers: { 200: VerifyAnswer },
    async handle({ signal }) {
      const { count, last, fault } = await verify(store, signal);
      const { rows, disagreements, count: disagreementCount } = await store.compareReceipts(now(), signal);
      return reply(200, {
        ok: fault === null && disagreementCount === 0,
        count,
        head: last.seq === 0 ? null : { seq: last.seq, hash: last.hash },
        fault: fault === null ? null : { seq: fault.seq, problem: fault.what },
        rows,
        disagreements,
        disagreementCount,
      });
    },
  });
}

interface Verified {
  readonly count: number;
  /** The last one that is right. */
  readonly last: ReceiptHead;
  readonly fault: ReceiptFault | null;
}

async function verify(store: ApiDeps["store"], signal: AbortSignal): Promise<Verified> {
  // Before the chain: what is added meanwhile comes after it.
  const head = await store.receiptHead();
  let count = 0;
  let last = chainStart;
  for await (const page of pages(store, 0, signal)) {
    for (const receipt of page) {
      const fault = verifyChain([receipt], last);
      if (fault !== null) {
        return { count, last, fault };
      }
      count += 1;
      last = receipt;
    }
  }
  const wasAddedTo = head !== null && head.seq < last.seq;
  return { count, last, fault: wasAddedTo ? null : verifyHead(last, head) };
}

function exportRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "exportReceipts",
    method: "get",
    paths: ["/api/v1/receipts/export"],
    role: "viewer",
    summary: "All receipts as JSON lines, oldest first",
    media: ["application/jsonl"],
    query: only({ after: After }),
    answers: { 200: ReceiptShape },
    handle: ({ query: { after }, signal }) =>
      Promise.resolve({
        stream: lines(store, after, signal),
        type: "application/jsonl",
        fileName: "receipts.jsonl",
      }),
  });
}

async function* lines(store: ApiDeps["store"], after: number, signal: AbortSignal): AsyncGenerator<string> {
  for await (const page of pages(store, after, signal)) {
    yield page.map((receipt) => `${JSON.stringify(receiptJson(receipt))}\n`).join("");
  }
}

async function* pages(
  store: Pick<ApiDeps["store"], "receiptsAfter">,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Receipt[]> {
  let seq: number | null = after;
  while (seq !== null && !signal.aborted) {
    const page: ReceiptPage = await store.receiptsAfter(seq, perPage);
    yield page.receipts;
    seq = page.last;
  }
}
