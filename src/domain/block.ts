import type { Mode } from "./decision.ts";
import type { IpPrefix } from "./ip-address.ts";

/** This network is dropped until `expiresAt`. A block made in mode `observe` is kept on record and enforced nowhere. */
export interface Block {
  readonly id: string;
  readonly prefix: IpPrefix;
  readonly mode: Mode;
  readonly decisionId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** How far one block is on one firewall. `verified` means: read back from that kernel, with the drop rule reachable. */
export type EnforcementState = "requested" | "verified" | "refused" | "failed" | "lifting" | "lifted";

/** One block on one firewall. */
export interface Enforcement {
  readonly blockId: string;
  readonly firewall: string;
  readonly state: EnforcementState;
  readonly requestedAt: Date;
  readonly verifiedAt: Date | null;
  /** Why it is `refused` or `failed`, or the last fault while it is still `requested`. */
  readonly error: string | null;
}
