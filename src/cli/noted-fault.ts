import type { ReceiptHead } from "../domain/receipt.ts";

/** What is wrong with the receipt of that number, compared with what was noted. */
export function notedFault(
  noted: ReceiptHead,
  found: ReceiptHead | undefined,
): { readonly seq: number; readonly problem: string } | null {
  if (found?.seq !== noted.seq) {
    return { seq: noted.seq, problem: "is missing, though it was noted" };
  }
  return found.hash === noted.hash
    ? null
    : { seq: noted.seq, problem: "is not the one that was noted: the chain was made anew" };
}
