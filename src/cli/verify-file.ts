import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { reasonOf } from "../config/setting-reader.ts";
import { chainStart, type Receipt, type ReceiptHead, receiptKinds, verifyChain } from "../domain/receipt.ts";
import type { Host } from "./host.ts";
import { notedFault } from "./noted-fault.ts";
import type { Verified } from "./verify-answer.ts";
import { wrongArgument } from "./wrong-argument.ts";

const Line = z.object({
  seq: z.int().min(1),
  at: z.iso.datetime().transform((text) => new Date(text)),
  kind: z.enum(receiptKinds),
  subject: z.string(),
  actor: z.string(),
  body: z.string(),
  previous: z.string(),
  hash: z.string(),
});

export interface FileWanted {
  /** A receipt that must be in it, or right before it. */
  readonly noted: ReceiptHead | null;
  /** What came right before it; null: nobody says. */
  readonly from: ReceiptHead | null;
  /** It need not hold the beginning. */
  readonly part: boolean;
}

/**
 * Finds any edit of exported receipts, line by line. A file without the first receipt is not right, unless it is said to be a part or
 * what came before it is known.
 * @throws {AppError} CONFIG_INVALID when it can't be read
 */
export async function verifyFile(
  host: Host,
  file: string,
  { noted, from, part }: FileWanted,
): Promise<Verified> {
  let count = 0;
  let last: ReceiptHead | undefined;
  let found: ReceiptHead | undefined;
  const keep = (head: ReceiptHead): ReceiptHead => {
    found = head.seq === noted?.seq ? head : found;
    return head;
  };
  let first: number | undefined;
  for await (const receipt of receiptsOf(host, file)) {
    first ??= receipt.seq;
    last ??= keep(from ?? startBefore(receipt));
    const fault = verifyChain([receipt], last);
    if (fault !== null) {
      const { seq, what: problem } = fault;
      return verdict(count, last, { seq, problem }, beginning(first, from));
    }
    count += 1;
    last = keep(receipt);
  }
  const fault = noted === null ? null : notedFault(noted, found);
  const verified = verdict(count, last ?? chainStart, fault, beginning(first, from));
  return { ...verified, ok: verified.ok && (verified.first === undefined || part) };
}

/** The number of the first receipt, when nobody knows what came before it. */
function beginning(first: number | undefined, from: ReceiptHead | null): number | undefined {
  return from === null && first !== 1 ? first : undefined;
}

/** The place after which a part of the chain begins. */
function startBefore({ seq, previous }: Receipt): ReceiptHead {
  return seq === 1 ? chainStart : { seq: seq - 1, hash: previous };
}

function verdict(
  count: number,
  { seq, hash }: ReceiptHead,
  fault: Verified["fault"],
  first: number | undefined,
): Verified {
  const head = seq === 0 ? null : { seq, hash };
  return { ok: fault === null, count, head, fault, ...(first !== undefined && { first }) };
}

async function* receiptsOf(host: Host, file: string): AsyncGenerator<Receipt> {
  let number = 0;
  for await (const line of linesOf(host, file)) {
    number += 1;
    if (line.trim() !== "") {
      yield readLine(file, number, line);
    }
  }
}

/** A receipt may hold characters that `node:readline` takes for the end of a line. */
async function* linesOf({ cwd, stdin }: Host, file: string): AsyncGenerator<string> {
  const input = file === "-" ? stdin : createReadStream(resolve(cwd, file));
  input.setEncoding("utf8");
  const chunks = input[Symbol.asyncIterator]();
  let rest = "";
  for (;;) {
    const chunk = await readNext(file, chunks);
    if (chunk === null) {
      yield rest;
      return;
    }
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function readNext(file: string, chunks: AsyncIterator<unknown>): Promise<string | null> {
  try {
    const next: IteratorResult<unknown, unknown> = await chunks.next();
    return next.done === true ? null : String(next.value);
  } catch (error) {
    throw wrongArgument(`${file} can't be read: ${reasonOf(error)}`);
  }
}

function readLine(file: string, number: number, line: string): Receipt {
  const read = Line.safeParse(parse(line));
  if (!read.success) {
    throw wrongArgument(`${file}: line ${number} is not a receipt`);
  }
  return read.data;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
