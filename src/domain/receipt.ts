import { hash } from "node:crypto";

/** What a receipt is about. `break`: the record disagreed with what was noted about it when this one was added. */
export const receiptKinds = [
  "decision",
  "block",
  "lift",
  "allow",
  "disallow",
  "policy",
  "pause",
  "resume",
  "hold-ended",
  "token",
  "break",
] as const;
export type ReceiptKind = (typeof receiptKinds)[number];

/** One link of the chain of everything that was decided and done. */
export interface Receipt {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number;
  readonly at: Date;
  readonly kind: ReceiptKind;
  /** What it is about: an id, a network, a policy's version. */
  readonly subject: string;
  readonly actor: string;
  /** JSON text of what was decided or done, with its evidence. */
  readonly body: string;
  /** Hash of the one before, 64 hex digits; zeros for the first. */
  readonly previous: string;
  /** SHA-256 over all of the above. */
  readonly hash: string;
}

/** The end of a chain, or the place in it after which the next receipt comes. */
export interface ReceiptHead {
  readonly seq: number;
  readonly hash: string;
}

/** What comes before the first receipt. */
export const chainStart: ReceiptHead = { seq: 0, hash: "0".repeat(64) };

/** Where a chain was altered. */
export interface ReceiptFault {
  /** Of the receipt that is wrong or missing. */
  readonly seq: number;
  /** In words, beginning small. */
  readonly what: string;
}

/** The hash that this receipt must have, 64 hex digits. Over a JSON list: no field can borrow characters from the next. */
export function hashOf(receipt: Omit<Receipt, "hash">): string {
  const { seq, at, kind, subject, actor, body, previous } = receipt;
  return hash("sha256", JSON.stringify([seq, at.toISOString(), kind, subject, actor, body, previous]), "hex");
}

/**
 * Finds the first edit in receipts that follow each other: a changed field, one that is gone, one that was put between, two that
 * changed places, one that says itself that the record was changed. What is missing at the end only `verifyHead` can tell.
 * @param start what comes before them: `chainStart`, or the last one of the part before
 */
export function verifyChain(
  receipts: readonly Receipt[],
  start: ReceiptHead = chainStart,
): ReceiptFault | null {
  let last = start;
  for (const receipt of receipts) {
    const fault = faultOf(receipt, last);
    if (fault !== null) {
      return fault;
    }
    last = receipt;
  }
  return null;
}

/** Compares the last receipt there is with the head, which is kept apart from the chain. */
export function verifyHead(last: ReceiptHead, head: ReceiptHead | null): ReceiptFault | null {
  if (head === null) {
    return last.seq === 0 ? null : { seq: last.seq, what: "the note of the newest receipt is gone" };
  }
  if (head.seq > last.seq) {
    return { seq: last.seq + 1, what: `is missing, and so are all after it: the newest was ${head.seq}` };
  }
  return head.seq === last.seq && head.hash === last.hash
    ? null
    : { seq: last.seq, what: "is not what was noted as the newest receipt" };
}

function faultOf(receipt: Receipt, last: ReceiptHead): ReceiptFault | null {
  const wanted = last.seq + 1;
  if (receipt.seq > wanted) {
    return { seq: wanted, what: `is missing: the next one is ${receipt.seq}` };
  }
  if (receipt.seq < wanted) {
    return { seq: receipt.seq, what: `does not belong after ${last.seq}` };
  }
  if (receipt.previous !== last.hash) {
    return { seq: receipt.seq, what: "does not follow the one before it: one of the two was changed" };
  }
  if (receipt.hash !== hashOf(receipt)) {
    return { seq: receipt.seq, what: "was changed" };
  }
  return receipt.kind === "break"
    ? { seq: receipt.seq, what: "says that the record was changed before it" }
    : null;
}
