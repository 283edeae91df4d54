import { blockModeOf, type Decision } from "../domain/decision.ts";
import { type IpPrefix, prefixOf } from "../domain/ip-address.ts";
import type { BlockNetwork, Plan, PipelineDeps } from "./deps.ts";

/** A message about a block waits this long for the firewalls, so that it can say what they did. */
const firewallPatienceMs = 15_000;

export interface Decided {
  /** The sighting that is done with it; empty: none. */
  readonly sightingId: string;
  readonly decision: Decision;
}

/** Commits a decision of the policy with what follows from it, and tells of it. */
export async function recordDecided(
  deps: PipelineDeps,
  plan: Plan,
  { sightingId, decision }: Decided,
): Promise<void> {
  const network = await networkOf(deps, plan, decision);
  const reasons = network.reason === null ? decision.reasons : [...decision.reasons, network.reason];
  const recorded = await deps.store.recordDecision({
    sightingId,
    decision: { ...decision, reasons },
    prefix: network.prefix,
    groups: plan.groups,
    firewalls: plan.firewalls,
    notifications: deps.channels.map((channel) => ({ channel, dueAt: notificationDueAt(plan, decision) })),
    limits: deps.limits,
    holdSeconds: plan.policy.holdSeconds,
    answers: null,
  });
  const isRepeat = recorded.action === "ignore" && deps.protectedReason(recorded.ip) === null;
  logDecision(deps, recorded, { prefix: network.prefix, isRepeat });
  deps.onDecided(recorded);
}

/** One line for each; but what is ignored because it is blocked already comes by the thousand. */
function logDecision({ log }: PipelineDeps, decision: Decision, { prefix, isRepeat }: Logged): void {
  const { id, alertId, ip, action, mode, reasons } = decision;
  const noted = { ip, prefix, alertId, decisionId: id, action, mode, reasons };
  if (isRepeat) {
    log.debug(noted, "decision");
  } else {
    log.info(noted, "decision");
  }
}

interface Logged {
  readonly prefix: IpPrefix;
  readonly isRepeat: boolean;
}

async function networkOf(deps: PipelineDeps, { policy }: Plan, decision: Decision): Promise<BlockNetwork> {
  const { action, ip, decidedAt, mode } = decision;
  return action === "block" && deps.mayAggregate(ip, policy)
    ? deps.blockNetwork(ip, policy, await deps.store.neighbours(ip, blockModeOf(mode), decidedAt))
    : { prefix: prefixOf(ip), reason: null };
}

function notificationDueAt({ firewalls }: Plan, decision: Decision): Date {
  const waits = decision.action === "block" && firewalls.length > 0;
  return new Date(decision.decidedAt.getTime() + (waits ? firewallPatienceMs : 0));
}
