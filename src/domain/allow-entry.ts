import type { IpPrefix } from "./ip-address.ts";

/** A network that must not be blocked, and who wants it so. */
export interface AllowEntry {
  /** `aw_` and 32 hex digits; for one in the settings `file:` and its place there. */
  readonly id: string;
  readonly prefix: IpPrefix;
  readonly reason: string;
  /** Who answers for it; may be empty. */
  readonly owner: string;
  /** Who added it: a token's name, or `settings`. */
  readonly actor: string;
  readonly createdAt: Date;
  /** Null: until it is removed. */
  readonly expiresAt: Date | null;
}
