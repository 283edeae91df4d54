import { beingTried, type Enforcement, type EnforcementState } from "../domain/block.ts";
import type { Story } from "../ports.ts";
import { blockedSubject, blockedWords, untilWords } from "./block-words.ts";
import { holdLead } from "./hold-words.ts";
import type { Tone } from "./letter.ts";
import { plural, utc } from "./words.ts";

/** What became of a decision, in words. */
export interface Outcome {
  readonly kind: "would-block" | "hold" | "blocked" | "not-blocked" | "withdrawn" | "over";
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
  const what = blockedSubject(ip, block);
  if (decision.action === "hold" || block === null) {
    return {
      kind: "hold",
      verb: "holds",
      verdict: "On hold",
      tone: "waiting",
      lead: holdLead(decision),
    };
  }
  if (block.mode === "observe") {
    return {
      kind: "would-block",
      verb: "would block",
      verdict: "Would block",
      tone: "waiting",
      lead: `Portcullis would block ${blockedWords(ip, block)}, but did NOT: it runs in mode observe, which blocks nobody.`,
    };
  }
  if (block.expiresAt <= now) {
    return {
      kind: "over",
      verb: "blocked",
      verdict: "Block over",
      tone: "waiting",
      lead: `This message was held up: the block on ${what} ended at ${utc(block.expiresAt)}.`,
    };
  }
  return enforced(what, untilWords(block.expiresAt), enforcements);
}

function enforced(what: string, until: string, enforcements: readonly Enforcement[]): Outcome {
  const count = (...states: readonly EnforcementState[]): number =>
    enforcements.filter(({ state }) => states.includes(state)).length;
  const all = enforcements.length;
  const verified = count("verified");
  if (all > 0 && count("lifting", "lifted", "expired") === all) {
    return over(what, count("expired") === all);
  }
  const isWithdrawn = enforcements.some(({ state, error }) => state === "withdrawn" && error !== beingTried);
  if (verified === 0 && isWithdrawn) {
    return {
      kind: "withdrawn",
      verb: "could not block",
      verdict: "Not blocked",
      tone: "bad",
      lead: `${what} is NOT blocked: with the block in force the canary did not answer any more, so it was taken off again, and no other firewall gets it until the canary bears it.`,
    };
  }
  if (verified === 0) {
    return {
      kind: "not-blocked",
      verb: "could not yet block",
      verdict: "Not blocked yet",
      tone: "bad",
      lead: notBlockedLead(what, all, count("applied")),
    };
  }
  if (verified < all) {
    const lead = `${what} is blocked on ${verified} of ${plural(all, "firewall")} ${until}. Its packets may still pass the others.`;
    return { kind: "blocked", verb: "blocked", verdict: "Partly blocked", tone: "bad", lead };
  }
  const where = all === 1 ? "the firewall" : `${all === 2 ? "both" : `all ${all}`} firewalls`;
  const lead = `${what} is blocked on ${where} ${until}. The block was read back from the kernel.`;
  return { kind: "blocked", verb: "blocked", verdict: "Blocked", tone: "good", lead };
}

function over(what: string, byItself: boolean): Outcome {
  const about = { kind: "over", verb: "blocked", tone: "waiting" } as const;
  return byItself
    ? { ...about, verdict: "Block over", lead: `${what} was blocked, and the block has ended since.` }
    : {
        ...about,
        verb: "blocked and unblocked",
        verdict: "Unblocked",
        lead: `${what} was blocked, and somebody has lifted the block since.`,
      };
}

function notBlockedLead(what: string, all: number, applied: number): string {
  if (all === 0) {
    return `${what} is to be blocked, but no firewall is configured for it: its packets still pass.`;
  }
  return applied === 0
    ? `${what} is to be blocked, but no firewall has confirmed it: its packets may still pass.`
    : `${what} is in the list of ${plural(applied, "firewall")}, but its packets may still pass: see below why.`;
}
