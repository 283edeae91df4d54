import { describe, expect, test } from "vitest";
import {
  chainStart,
  hashOf,
  type Receipt,
  type ReceiptHead,
  verifyChain,
  verifyHead,
} from "../../src/domain/receipt.ts";
import { after } from "../fakes/samples.ts";

function receiptAfter(last: ReceiptHead, changes: Partial<Receipt> = {}): Receipt {
  const content = {
    seq: last.seq + 1,
    at: after(last.seq),
    kind: "decision" as const,
    subject: `de_${last.seq + 1}`,
    actor: "policy",
    body: `{"n":${last.seq + 1}}`,
    previous: last.hash,
    ...changes,
  };
  return { ...content, hash: hashOf(content) };
}

function chainOf(length: number): Receipt[] {
  const receipts: Receipt[] = [];
  for (let n = 0; n < length; n += 1) {
    receipts.push(receiptAfter(receipts.at(-1) ?? chainStart));
  }
  return receipts;
}

const five = chainOf(5);

function withChange(changes: Partial<Receipt>): readonly Receipt[] {
  return five.map((receipt) => (receipt.seq === 3 ? { ...receipt, ...changes } : receipt));
}

describe("a chain of receipts", () => {
  test("that says itself that it was changed has a fault for ever", () => {
    const broken = receiptAfter(five[4] ?? chainStart, { kind: "break", subject: "receipts" });

    expect(verifyChain([...five, broken, receiptAfter(broken)])).toEqual({
      seq: 6,
      what: "says that the record was changed before it",
    });
  });

  test("that nobody touched has no fault, as a whole and in parts", () => {
    expect(verifyChain(five)).toBeNull();
    expect(verifyChain(five.slice(2), five[1])).toBeNull();
    expect(verifyChain([])).toBeNull();
    expect(verifyHead(five[4] ?? chainStart, five[4] ?? null)).toBeNull();
    expect(verifyHead(chainStart, null)).toBeNull();
  });

  test.each<{ field: string; changes: Partial<Receipt> }>([
    { field: "at", changes: { at: after(99) } },
    { field: "kind", changes: { kind: "block" } },
    { field: "subject", changes: { subject: "de_4" } },
    { field: "actor", changes: { actor: "alice" } },
    { field: "body", changes: { body: `{"n":4}` } },
    { field: "previous", changes: { previous: "0".repeat(64) } },
    { field: "hash", changes: { hash: "f".repeat(64) } },
  ])("a changed $field is found", ({ changes }) => {
    expect(verifyChain(withChange(changes))).toMatchObject({ seq: 3 });
  });

  test("one that was changed and given a hash that fits is found at the next", () => {
    const forged = receiptAfter(five[1] ?? chainStart, { actor: "alice" });

    expect(verifyChain(withChange(forged))).toEqual({
      seq: 4,
      what: "does not follow the one before it: one of the two was changed",
    });
  });

  test("characters that went from one field into the next are found", () => {
    const receipt = receiptAfter(chainStart, { subject: "a", actor: "bc" });

    expect(verifyChain([{ ...receipt, subject: "ab", actor: "c" }])).toMatchObject({ seq: 1 });
  });

  test("one that is gone is found", () => {
    const without = five.filter(({ seq }) => seq !== 3);

    expect(verifyChain(without)).toEqual({ seq: 3, what: "is missing: the next one is 4" });
    expect(verifyChain(five.slice(1))).toMatchObject({ seq: 1 });
  });

  test("two that changed places are found, also when they were numbered anew", () => {
    const [a, b, c, d, e] = five;
    const swapped = [a, b, d, c, e].flatMap((receipt) => receipt ?? []);

    expect(verifyChain(swapped)).toMatchObject({ seq: 3 });
    expect(verifyChain(swapped.map((receipt, index) => ({ ...receipt, seq: index + 1 })))).toMatchObject({
      seq: 3,
    });
  });

  test("one that was put between is found", () => {
    const between = receiptAfter(five[1] ?? chainStart, { actor: "alice" });
    const later = five.slice(2).map((receipt) => ({ ...receipt, seq: receipt.seq + 1 }));

    expect(verifyChain([...five.slice(0, 3), between, ...five.slice(3)])).toMatchObject({ seq: 3 });
    expect(verifyChain([...five.slice(0, 2), between, ...later])).toMatchObject({ seq: 4 });
  });

  test("an end that was cut off is found by the note of the newest", () => {
    const head = five[4] ?? null;

    expect(verifyChain(five.slice(0, 3))).toBeNull();
    expect(verifyHead(five[2] ?? chainStart, head)).toEqual({
      seq: 4,
      what: "is missing, and so are all after it: the newest was 5",
    });
    expect(verifyHead(chainStart, head)).toMatchObject({ seq: 1 });
  });

  test("a note that is gone or of another chain is found", () => {
    const last = five[4] ?? chainStart;

    expect(verifyHead(last, null)).toMatchObject({ seq: 5 });
    expect(verifyHead(last, { ...last, hash: "f".repeat(64) })).toMatchObject({ seq: 5 });
    expect(verifyHead(last, five[3] ?? null)).toMatchObject({ seq: 5 });
  });
});
