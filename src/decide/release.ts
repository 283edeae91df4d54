import { hash } from "node:crypto";
import { blockModeOf, type Decision, type Mode } from "../domain/decision.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { Hold } from "../ports.ts";
import { endOf } from "./decide.ts";

interface ByHand {
  readonly actor: string;
  /** May be empty. Text from outside. */
  readonly reason: string;
  /** How long the block stands; infinity: without end. */
  readonly seconds: number;
  /** Of the search, or of all: outside `observe` what a person wants is enforced. */
  readonly mode: Mode;
  readonly now: Date;
}

export interface Release extends ByHand {
  readonly hold: Pick<Hold, "decision">;
}

/** The decision by which a person makes a block of a hold. The same hold has the same one, whoever answers. */
export function releaseDecision({ hold: { decision }, ...hand }: Release): Decision {
  return {
    ...decision,
    ...blockOf(hand),
    id: idOf("release", decision.id),
    reasons: [said(hand, "approved it"), ...decision.reasons],
    shadow: null,
  };
}

export interface ManualBlock extends ByHand {
  /** Of the alert that stands for what the person did. */
  readonly alertId: string;
  readonly ip: IpAddress;
  /** Of the policy in force, which was not asked. */
  readonly policyVersion: string;
}

/** The decision by which a person blocks an address that no alert is about. */
export function manualDecision({ alertId, ip, policyVersion, ...hand }: ManualBlock): Decision {
  return {
    ...blockOf(hand),
    id: idOf("manual", alertId, ip),
    alertId,
    ip,
    reasons: [said(hand, "blocked it by hand")],
    rule: null,
    policyVersion,
    findings: [],
    inputs: { searchName: null, severity: "medium", count: 1, activity: [], offences: 0, missing: [] },
    shadow: null,
  };
}

function blockOf({ actor, seconds, mode, now }: ByHand) {
  return {
    action: "block",
    holdCause: null,
    mode: blockModeOf(mode),
    actor,
    decidedAt: now,
    expiresAt: endOf(now, seconds),
  } as const;
}

function said({ actor, reason }: ByHand, what: string): string {
  return reason === "" ? `${actor} ${what}` : `${actor} ${what}: ${reason}`;
}

function idOf(...parts: readonly string[]): string {
  return `de_${hash("sha256", JSON.stringify(parts), "hex").slice(0, 32)}`;
}
