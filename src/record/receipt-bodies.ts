import type { Block } from "../domain/block.ts";
import type { Decision } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { Lift } from "../ports.ts";
import type { ReceiptDraft } from "./receipts.ts";

/** A lift may end very many: their number tells the rest. */
const mostIds = 1000;

/** All that was decided and what it was made of. What people only read about an address is left out. */
export function decisionReceipt(decision: Decision): ReceiptDraft {
  const { id, actor, shadow: _shadow, findings, ...rest } = decision;
  return {
    at: decision.decidedAt,
    kind: "decision",
    subject: id,
    actor,
    body: { ...rest, findings: findings.map(evidenceOf) },
  };
}

export function blockReceipt({ actor }: Pick<Decision, "actor">, block: Block): ReceiptDraft {
  const { id, prefix, mode, groups, expiresAt, decisionId } = block;
  return {
    at: block.createdAt,
    kind: "block",
    subject: prefix,
    actor,
    body: { id, prefix, mode, groups, expiresAt, decisionId },
  };
}

export function liftReceipt(prefix: IpPrefix, lift: Lift, blocks: readonly Block[]): ReceiptDraft {
  const { actor, reason, now, graceUntil } = lift;
  return {
    at: now,
    kind: "lift",
    subject: prefix,
    actor,
    body: {
      prefix,
      reason,
      graceUntil,
      count: blocks.length,
      blocks: blocks.slice(0, mostIds).map(({ id }) => id),
    },
  };
}

function evidenceOf(finding: Finding): object {
  const { provider, status, foundAt } = finding;
  if (finding.status !== "known") {
    const isStale = finding.status === "unknown" && finding.isStale;
    return { provider, status, foundAt, reason: finding.reason, ...(isStale && { isStale }) };
  }
  const { numbers, times, hints } = finding.evidence;
  return { provider, status, foundAt, numbers, times, hints, isStale: finding.isStale };
}
