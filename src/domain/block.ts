import type { BlockMode } from "./decision.ts";
import type { IpPrefix } from "./ip-address.ts";

/** This network is dropped until `expiresAt`. A block made in mode `observe` is kept on record and enforced nowhere. */
export interface Block {
  readonly id: string;
  readonly prefix: IpPrefix;
  readonly mode: BlockMode;
  /** Groups of firewalls that it is for; null: all. */
  readonly groups: readonly string[] | null;
  readonly decisionId: string;
  readonly createdAt: Date;
  /** `forever` for one that has no end. */
  readonly expiresAt: Date;
}

/** The end of a block that has none. */
export const forever = new Date("9999-12-31T00:00:00.000Z");

/** Whether a block for the groups `outer` is in force wherever one for `inner` would be; null: all groups. */
export function coversGroups(outer: Block["groups"], inner: Block["groups"]): boolean {
  return outer === null || (inner !== null && inner.every((group) => outer.includes(group)));
}

/**
 * How far one block is on one firewall. `applied`: the kernel has it, but packets may still pass. `verified`: read back from that
 * kernel, with the drop rule reachable. `withdrawn`: taken off a canary that did not answer any more. `expired`: its time is over.
 */
export type EnforcementState =
  | "requested"
  | "applied"
  | "verified"
  | "refused"
  | "failed"
  | "withdrawn"
  | "lifting"
  | "lifted"
  | "expired";

/** The error of a block that counts as `withdrawn` because it is being tried on a canary at this moment. */
export const beingTried = "is being tried";

/** One block on one firewall. */
export interface Enforcement {
  readonly blockId: string;
  readonly firewall: string;
  readonly state: EnforcementState;
  readonly requestedAt: Date;
  readonly appliedAt: Date | null;
  readonly verifiedAt: Date | null;
  /** When it was found lifted or expired. */
  readonly endedAt: Date | null;
  /** What it has dropped, as last read from the kernel. */
  readonly packets: number;
  readonly bytes: number;
  /** Why it is `applied`, `refused`, `failed` or `withdrawn`, or the last fault while it is still `requested`. */
  readonly error: string | null;
}
