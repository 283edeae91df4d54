import { forever } from "../domain/block.ts";
import { graceReason } from "../domain/grace.ts";
import { type IpAddress, type IpPrefix, prefixOf } from "../domain/ip-address.ts";
import type { Verdict } from "./verdict.ts";

export interface SettledInput {
  readonly ip: IpAddress;
  /** Why the address may never be blocked, or null. */
  readonly protectedReason: string | null;
  readonly standing: {
    /** When a block that covers it ends; null: none does. */
    readonly blockedUntil: Date | null;
    readonly graceUntil: Date | null;
    readonly letOut?: IpPrefix;
  };
  readonly now: Date;
}

/** What is clear without looking at any finding: it is protected, blocked already, or a person has let it out. */
export function settledVerdict({ ip, protectedReason, standing, now }: SettledInput): Verdict | undefined {
  if (protectedReason !== null) {
    return settled("ignore", `protected: ${protectedReason}`);
  }
  const { blockedUntil, graceUntil, letOut = prefixOf(ip) } = standing;
  if (blockedUntil !== null && blockedUntil > now) {
    return settled(
      "ignore",
      blockedUntil >= forever
        ? "already blocked without end"
        : `already blocked until ${blockedUntil.toISOString()}`,
    );
  }
  if (graceUntil !== null && graceUntil > now) {
    return settled("watch", graceReason(prefixOf(ip), { prefix: letOut, until: graceUntil }));
  }
  return undefined;
}

/** A hold of an address about which a person is asked already. */
export function alreadyHeld(heldUntil: Date): Verdict {
  return settled("ignore", `already held for a person until ${heldUntil.toISOString()}`);
}

function settled(action: "watch" | "ignore", reason: string): Verdict {
  return { action, holdCause: null, reasons: [reason], rule: null, seconds: null };
}
