/** The five edges of the program, and the shapes that cross them. Types only. */
import type { Alert, Sighting } from "./domain/alert.ts";
import type { Block, Enforcement } from "./domain/block.ts";
import type { Decision } from "./domain/decision.ts";
import type { Evidence } from "./domain/finding.ts";
import type { IpAddress, IpPrefix } from "./domain/ip-address.ts";

export type * from "./store-port.ts";

/** Constant message, variables as fields. Never a secret, never a whole alert. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

// ---- alert source ----

/** Takes one alert. Resolves after it is committed to disk: `duplicate` when the same delivery was taken before. */
export type AcceptAlert = (alert: Alert) => Promise<"accepted" | "duplicate">;

/** Something that brings alerts. */
export interface AlertSource {
  readonly name: string;
  start(accept: AcceptAlert): Promise<void>;
  /** Takes nothing new and answers what it has begun. Harmless when called twice. */
  stop(): Promise<void>;
}

// ---- intelligence ----

/** A service that knows addresses. It tries once; somebody else decides about trying again. */
export interface IntelProvider {
  readonly name: string;
  /** The numbers that rules may compare, e.g. `malicious`. */
  readonly numbers: readonly string[];
  /**
   * What the provider knows, or `undefined` when it never saw the address.
   * @throws {AppError} PROVIDER_REFUSED_KEY, PROVIDER_QUOTA_EXHAUSTED (retryable, perhaps with `retryAfterMs`),
   * PROVIDER_UNAVAILABLE (retryable), PROVIDER_REJECTED, PROVIDER_ANSWER_INVALID
   */
  lookUp(ip: IpAddress, signal: AbortSignal): Promise<Evidence | undefined>;
}

// ---- firewall ----

/** Packets and bytes that were dropped. */
export interface Drops {
  readonly packets: number;
  readonly bytes: number;
}

/** What one firewall's kernel drops now. */
export interface FirewallState {
  /** Each dropped network with the seconds until the kernel lifts it; infinity: never. */
  readonly entries: ReadonlyMap<IpPrefix, number>;
  /** What each entry has dropped since it was added; one that dropped nothing is left out. */
  readonly drops: ReadonlyMap<IpPrefix, Drops>;
  /** Networks in the fullest list, and how many it can hold; null where nothing limits them. */
  readonly capacity: { readonly used: number; readonly most: number } | null;
  /** Why packets from these networks might still pass, in words; empty when the drop rules are in place and reachable. */
  readonly faults: readonly string[];
  /** The host's own addresses, its gateways and the peer of our session: never to be blocked anywhere. */
  readonly ownAddresses: readonly IpAddress[];
}

/** Whole seconds until the kernel lifts it again; infinity: never. */
export interface FirewallAddition {
  readonly kind: "add";
  readonly prefix: IpPrefix;
  readonly seconds: number;
}

export type FirewallChange = FirewallAddition | { readonly kind: "remove"; readonly prefix: IpPrefix };

export interface ChangeResult {
  readonly change: FirewallChange;
  /**
   * `verified`: read back from the kernel, and the drop rule is reachable. `applied`: the kernel has it, but packets may still
   * pass. `refused`: the host says this network must not be blocked.
   */
  readonly outcome: "verified" | "applied" | "refused" | "failed";
  /** Empty when verified. */
  readonly reason: string;
}

export interface Applied {
  /** One per change, in their order. */
  readonly results: readonly ChangeResult[];
  /** What had been missing or altered on the host and was put in place first, in words: other blocks may be gone with it. */
  readonly repaired: readonly string[];
}

/** One firewall. Every call is idempotent: doing it twice leaves the same state. Calls are not made in parallel. */
export interface Firewall {
  readonly name: string;
  /** @throws {AppError} SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED; the message names the host and the reason */
  read(signal: AbortSignal): Promise<FirewallState>;
  /**
   * Puts the drop rules in place that the changes need (all of them when there are no changes), makes the changes, and
   * reads each one back. Throws as `read` does.
   */
  apply(changes: readonly FirewallChange[], signal: AbortSignal): Promise<Applied>;
  /**
   * Makes these all that is dropped, in one step: no packet that should be dropped passes meanwhile. For a firewall that
   * has much to be put right. Throws as `read` does.
   */
  rebuild(all: readonly FirewallAddition[], signal: AbortSignal): Promise<Applied>;
  /**
   * Whether the host can still be reached by a new connection and still reaches its default gateway.
   * @returns why not, in words, or null. Never rejects, but for an aborted signal.
   */
  checkUp(signal: AbortSignal): Promise<string | null>;
  /** Ends the connection and leaves every block standing. Harmless when called twice. */
  close(): Promise<void>;
}

// ---- notifier ----

/** Everything a message about one decision says. */
export interface Story {
  readonly decision: Decision;
  readonly alert: Alert;
  readonly sighting: Sighting;
  /** Null for a hold. */
  readonly block: Block | null;
  /** State on each firewall; empty when nothing is enforced. */
  readonly enforcements: readonly Enforcement[];
}

/** A channel to people. */
export interface Notifier {
  /** The channel's name, stored with each notification: `email`. */
  readonly channel: string;
  /** @throws {AppError} MAIL_UNDELIVERED, retryable or not by what the other side said */
  send(story: Story, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
