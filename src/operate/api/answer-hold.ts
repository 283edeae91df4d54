import type { Decision } from "../../domain/decision.ts";
import type { Hold } from "../../ports.ts";
import { tell } from "./by-hand.ts";
import type { ApiDeps } from "./deps.ts";

/** What became of a hold that somebody turned into a block. */
export type Answered =
  | { readonly kind: "blocked" | "unchanged"; readonly decision: Decision }
  | { readonly kind: "protected"; readonly reason: string };

/** Turns one hold into a block. @param seconds null: as the policy says */
export async function answerHold(
  deps: ApiDeps,
  hold: Hold,
  by: {
    readonly actor: string;
    readonly reason: string;
    readonly seconds: number | null;
    readonly channels: readonly string[];
  },
): Promise<Answered> {
  const { store, protectedReason, releaseDecision, targetOfHold, now, log } = deps;
  const target = await targetOfHold(hold);
  const why = protectedReason(target.prefix);
  if (why !== null) {
    return { kind: "protected", reason: why };
  }
  const time = now();
  const { mode } = target;
  const { actor, reason } = by;
  const seconds = by.seconds ?? target.seconds;
  const decision = await store.recordDecision({
    sightingId: "",
    decision: releaseDecision({ hold, actor, reason, now: time, seconds, mode }),
    prefix: target.prefix,
    groups: target.groups,
    firewalls: mode === "observe" ? [] : target.firewalls,
    notifications: tell(by.channels, time),
    holdSeconds: 0,
    limits: null,
    answers: hold.decision.id,
  });
  log.info(
    {
      prefix: target.prefix,
      decisionId: decision.id,
      hold: hold.decision.id,
      action: decision.action,
      actor,
      reason,
    },
    "hold answered with a block",
  );
  return { kind: decision.action === "block" ? "blocked" : "unchanged", decision };
}
