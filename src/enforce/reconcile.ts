import type { IpPrefix } from "../domain/ip-address.ts";
import type {
  CanaryRule,
  ChangeResult,
  EnforcementResult,
  Firewall,
  Log,
  RequestedChange,
  Store,
} from "../ports.ts";
import type { CautiousApply } from "./apply-cautiously.ts";

/** What a reconciler of one firewall works with. */
export interface ReconcileDeps {
  readonly firewall: Firewall;
  readonly store: Pick<
    Store,
    | "standingBlocks"
    | "requestedChanges"
    | "withheldBlocks"
    | "withdrawnBlocks"
    | "requestEnforcements"
    | "beginTrial"
    | "retryWithdrawn"
    | "recordEnforcements"
    | "recordDrops"
    | "expireEnforcements"
    | "noteEnforcementFault"
    | "leaseFirewall"
    | "recordFirewall"
    | "firewalls"
  >;
  /** Why a network must not be blocked, or null. */
  readonly protectedReason: (prefix: IpPrefix) => string | null;
  /** Whether a block of these groups is for this firewall. */
  readonly isFor: (groups: readonly string[] | null) => boolean;
  /** New blocks are tried here before they go to the others. */
  readonly isCanary: boolean;
  /** Which canaries new blocks wait for; undefined: none. */
  readonly waitsFor: () => Promise<CanaryRule | undefined>;
  /** Blocks nobody, and takes off only what a person lifted. */
  readonly liftsOnly: boolean;
  readonly now: () => Date;
  readonly log: Log;
}

/** What one round works with. */
export interface RoundDeps extends ReconcileDeps {
  /** `Firewall.apply`, on a canary with care. */
  readonly apply: CautiousApply;
  /** Milliseconds of a clock that never jumps. */
  readonly elapsedMs: () => number;
}

/** What became of a block on this firewall, from what became of its network there. */
export function enforcementOf(blockId: string, result: ChangeResult): EnforcementResult {
  return result.outcome === "verified"
    ? { blockId, state: "verified", error: null }
    : { blockId, state: result.outcome, error: result.reason };
}

/** What became of a request, when the network is as requested: in force, or gone. */
export function doneOf({ blockId, kind }: RequestedChange): EnforcementResult {
  return { blockId, state: kind === "add" ? "verified" : "lifted", error: null };
}
