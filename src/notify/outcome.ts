import type { Enforcement } from "../domain/block.ts";
import type { Story } from "../ports.ts";
import type { Tone } from "./letter.ts";
import { plural, utc } from "./words.ts";

/** What became of a decision, in words. */
export interface Outcome {
  readonly kind: "would-block" | "hold" | "blocked" | "not-blocked" | "over";
  /** Goes between `Portcullis` and the address. */
  readonly verb: string;
  readonly verdict: string;
  readonly tone: Tone;
  /** One or two sentences. */
  readonly lead: string;
}

/** @param now when the message is written: one that was held up must not say that a block stands which has ended */
export function outcomeOf({ decision, block, enforcements }: Story, now: Date): Outcome {
  const { ip } = decision;
  if (decision.action === "hold" || block === null) {
    return {
      kind: "hold",
      verb: "holds",
      verdict: "On hold",
      tone: "waiting",
      lead:
        decision.mode === "approve"
          ? `${ip} is NOT blocked: in mode approve every block waits for a person.`
          : `${ip} is suspicious, but not clearly enough to block it without asking. It is NOT blocked.`,
    };
  }
  if (block.mode === "observe") {
    return {
      kind: "would-block",
      verb: "would block",
      verdict: "Would block",
      tone: "waiting",
      lead: `Portcullis would block ${ip}, but did NOT: it runs in mode observe, which blocks nobody.`,
    };
  }
  if (block.expiresAt <= now) {
    return {
      kind: "over",
      verb: "blocked",
      verdict: "Block over",
      tone: "waiting",
      lead: `This message was held up: the block on ${ip} ended at ${utc(block.expiresAt)}.`,
    };
  }
  return enforced(ip, utc(block.expiresAt), enforcements);
}

function enforced(ip: string, until: string, enforcements: readonly Enforcement[]): Outcome {
  const count = (...states: readonly string[]): number =>
    enforcements.filter(({ state }) => states.includes(state)).length;
  const all = enforcements.length;
  const verified = count("verified");
  if (all > 0 && count("lifting", "lifted") === all) {
    const lead = `${ip} was blocked, and somebody has lifted the block since.`;
    return { kind: "over", verb: "blocked", verdict: "Unblocked", tone: "waiting", lead };
  }
  if (verified === 0) {
    const lead =
      all === 0
        ? `${ip} is to be blocked, but no firewall is configured: its packets still pass.`
        : `${ip} is to be blocked, but no firewall has confirmed it: its packets may still pass.`;
    return {
      kind: "not-blocked",
      verb: "could not yet block",
      verdict: "Not blocked yet",
      tone: "bad",
      lead,
    };
  }
  if (verified < all) {
    const lead = `${ip} is blocked on ${verified} of ${plural(all, "firewall")} until ${until}. Its packets may still pass the others.`;
    return { kind: "blocked", verb: "blocked", verdict: "Partly blocked", tone: "bad", lead };
  }
  const where = all === 1 ? "the firewall" : `${all === 2 ? "both" : `all ${all}`} firewalls`;
  const lead = `${ip} is blocked on ${where} until ${until}. The block was read back from the kernel.`;
  return { kind: "blocked", verb: "blocked", verdict: "Blocked", tone: "good", lead };
}
