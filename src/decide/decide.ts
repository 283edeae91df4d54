import { hash } from "node:crypto";
import { forever } from "../domain/block.ts";
import type { Decision, DecisionInputs, Mode, ShadowDecision } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Policy } from "../domain/policy.ts";
import type { AddressFacts, Standing } from "../ports.ts";
import { recordOf } from "./escalation.ts";
import { alreadyHeld, settledVerdict } from "./settled-verdict.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface DecideInput {
  readonly alertId: string;
  readonly ip: IpAddress;
  /** Fresh ones, and stale ones that are used and marked. */
  readonly findings: readonly Finding[];
  readonly policy: Policy;
  /** Decides beside it, for comparison; null: none. */
  readonly shadow: Policy | null;
  /** Those that are configured. */
  readonly providers: readonly { readonly name: string }[];
  readonly mode: Mode;
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: string | null;
  readonly standing: Standing;
  /** Earlier blocks, oldest first. */
  readonly offences: AddressFacts["offences"];
  readonly inputs: Omit<DecisionInputs, "offences">;
  /** Nobody is waited for any more: who is missing stays missing. */
  readonly isFinal: boolean;
  /** Why its alert is not known to be what Splunk sent; null: it is, or need not be. */
  readonly doubt: string | null;
  readonly now: Date;
}

/**
 * What to do about one address of one alert.
 * A protected address is ignored, whatever is said about it; so is one that is blocked already. One that a person let out
 * is watched until its grace ends. All others are decided by the policy's rules (see `judge`). What would be blocked because of an alert that
 * may be forged is held. One that is held already is not held again.
 */
export function decide(input: DecideInput): Decision {
  const { alertId, ip, findings, policy, mode, standing, now } = input;
  const settled = settledVerdict({
    ip,
    protectedReason: input.protectedReason,
    standing: { ...standing, blockedUntil: standing.block?.expiresAt ?? null },
    now,
  });
  const wanted = settled ?? judgeBy(policy, input);
  const { action, holdCause, reasons, rule, seconds } = unlessHeld(
    unlessDoubted(wanted, input),
    standing,
    now,
  );
  return {
    id: decisionId(alertId, ip),
    alertId,
    ip,
    action,
    holdCause,
    reasons: [...reasons, ...askedReasons(action, holdCause, input)],
    rule,
    policyVersion: policy.version,
    mode,
    findings,
    inputs: { ...input.inputs, offences: recordOf(input.offences, policy.forgetSeconds, now).level },
    shadow: settled === undefined ? shadowOf(input, wanted) : null,
    actor: "policy",
    decidedAt: now,
    expiresAt: seconds === null ? null : endOf(now, seconds),
  };
}

/** When something ends that begins now; `forever` for infinity. */
export function endOf(now: Date, seconds: number): Date {
  const end = now.getTime() + seconds * 1000;
  return end < forever.getTime() ? new Date(end) : forever;
}

function judgeBy(policy: Policy, input: DecideInput): Verdict {
  const { findings, providers, mode, inputs, isFinal, now } = input;
  const offences = recordOf(input.offences, policy.forgetSeconds, now);
  return judge({ findings, policy, providers, mode, offences, inputs, isFinal, now });
}

/** What the alert asks for, where that is why less is done. */
function askedReasons(
  action: Verdict["action"],
  holdCause: Verdict["holdCause"],
  { inputs: { askedMode } }: DecideInput,
): readonly string[] {
  if (askedMode === "observe" && (action === "block" || action === "hold")) {
    return ["the alert asks for mode observe: nothing is blocked because of it"];
  }
  return askedMode === "approve" && holdCause === "approve" ? ["the alert asks for mode approve"] : [];
}

/** The shadow policy is compared with what is wanted without the doubt. */
function unlessDoubted(verdict: Verdict, { doubt, policy }: DecideInput): Verdict {
  return doubt === null || verdict.action !== "block"
    ? verdict
    : {
        ...verdict,
        action: "hold",
        holdCause: "unconfirmed",
        reasons: [`Splunk has not confirmed the alert: ${doubt}`, ...verdict.reasons],
        seconds: policy.holdSeconds,
      };
}

function unlessHeld(verdict: Verdict, { heldUntil }: Standing, now: Date): Verdict {
  return verdict.action === "hold" && heldUntil !== null && heldUntil > now
    ? alreadyHeld(heldUntil)
    : verdict;
}

/** Compared by what each of the two wants, so that a standing hold makes no difference. */
function shadowOf(input: DecideInput, live: Verdict): ShadowDecision | null {
  const { shadow } = input;
  if (shadow === null) {
    return null;
  }
  const { action, reasons, rule } = judgeBy(shadow, input);
  return action === live.action ? null : { action, reasons, rule, policyVersion: shadow.version };
}

function decisionId(alertId: string, ip: IpAddress): string {
  return `de_${hash("sha256", JSON.stringify([alertId, ip]), "hex").slice(0, 32)}`;
}
