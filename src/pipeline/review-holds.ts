import { hash } from "node:crypto";
import type { Hold } from "../ports.ts";
import { objectionTo } from "./await-confirmation.ts";
import { decideBy, unlessProtected } from "./decide-sighting.ts";
import type { PipelineDeps } from "./deps.ts";
import { freshFindings, isSettled, readFacts } from "./known-facts.ts";
import { recordDecided } from "./record-decided.ts";

const pauseMs = 30_000;
const atOnce = 100;

/**
 * Looks again at what a person was asked about because a provider could not be, or because Splunk had not confirmed the alert: when the answer
 * has come since and the policy blocks the address by it, it is blocked, and the question is over. @returns milliseconds until the next look is useful
 */
export async function reviewHolds(deps: PipelineDeps, signal: AbortSignal): Promise<number> {
  let cursor: string | null = null;
  do {
    const page: { readonly items: readonly Hold[]; readonly next: string | null } = await deps.store.holds({
      limit: atOnce,
      cursor,
      now: deps.now(),
      causes: ["rule", "provider", "unconfirmed"],
    });
    const open = page.items.filter(
      ({ decision }) => decision.holdCause === "unconfirmed" || decision.inputs.missing.length > 0,
    );
    await reviewPage(deps, await confirmed(deps, open), signal);
    cursor = page.next;
  } while (cursor !== null && !signal.aborted);
  return pauseMs;
}

/** Those whose alert is genuine, as far as that matters; first, or a forged one would be looked at in vain each time. */
async function confirmed(deps: PipelineDeps, holds: readonly Hold[]): Promise<readonly Hold[]> {
  const objections = await Promise.all(
    holds.map(({ decision: { alertId }, createdAt }) =>
      objectionTo(deps, { action: "block", alertId }, createdAt),
    ),
  );
  return holds.filter((_hold, n) => objections[n] === null);
}

async function reviewPage(deps: PipelineDeps, holds: readonly Hold[], signal: AbortSignal): Promise<void> {
  const wanted = holds.map((hold) => {
    const plan = deps.planOf(hold);
    return { hold, ip: hold.decision.ip, plan };
  });
  const factsOf = wanted.length === 0 ? undefined : await readFacts(deps, wanted, deps.now());
  for (const { hold, ip, plan } of wanted) {
    const facts = factsOf?.(ip, plan);
    if (signal.aborted || facts === undefined || isSettled(facts) || deps.protectedReason(ip) !== null) {
      continue;
    }
    const { id, alertId, inputs } = hold.decision;
    const one = {
      // As it was seen then, and not held as far as this question goes.
      sighting: { ...inputs, askedMode: hold.askedMode, id: "", alertId, ip, createdAt: hold.createdAt },
      plan,
      facts: {
        ...facts,
        activity: inputs.activity,
        standing: { ...facts.standing, heldUntil: null },
      },
    };
    const local = deps.enrich.local(ip);
    const findings = freshFindings(facts.findings, local, deps.now(), hold.createdAt);
    const basis = { findings, missing: [], protectedReason: null, isFinal: false };
    const decision = await unlessProtected(deps, one, decideBy(deps, one, basis), signal);
    if (decision.action === "block" && !signal.aborted) {
      await recordDecided(deps, plan, { sightingId: "", decision: { ...decision, id: reviewId(id) } });
    }
  }
}

/** A hold is answered by its review once. */
function reviewId(holdId: string): string {
  return `de_${hash("sha256", JSON.stringify(["review", holdId]), "hex").slice(0, 32)}`;
}
