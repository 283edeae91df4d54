import { hash } from "node:crypto";
import type { Role } from "../../domain/role.ts";
import { createSecretCheck } from "../../domain/secret.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Log, Store, TokenRecord } from "../../ports.ts";

/** Who calls the API. */
export interface Caller {
  readonly role: Role;
  /** The name that goes on record, with the one that the call gives. */
  readonly actor: (given?: string) => string;
}

export interface CallerDeps {
  readonly store: Pick<Store, "tokenById" | "noteTokenUse">;
  /** The first administrator's. */
  readonly adminToken: string;
  readonly now: () => Date;
  readonly log: Log;
}

const tokenText = /^pct_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** How long the use of a token is not noted again. */
const noteMs = 60_000;

/** The SHA-256 of a token's secret, as the store keeps it. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "hex");
}

/**
 * Tells who has sent this bearer token; undefined when nobody may have it.
 * @param mayAsk false: the database is asked only about tokens that were right before
 * @throws {AppError} STORE_UNAVAILABLE
 */
type CallerOf = (token: string, mayAsk?: boolean) => Promise<Caller | undefined>;

/** Tokens to remember as right; there are seldom more. */
const mostRemembered = 1000;

/** Who guesses must neither keep the database busy nor lock those out who have a token. */
export function createCallerOf({ store, adminToken, now, log }: CallerDeps): CallerOf {
  const right = new Set<string>();
  const isAdmin = createSecretCheck([adminToken]);
  const noteUse = async (id: string, time: Date): Promise<void> => {
    try {
      await store.noteTokenUse(id, time);
    } catch (error) {
      // A full disk must not keep anybody from looking.
      log.warn({ token: id, error: messageOf(error) }, "the use of a token could not be noted");
    }
  };
  const recordOf = async (token: string, time: Date): Promise<TokenRecord | undefined> => {
    const [, id = "", secret = ""] = tokenText.exec(token) ?? [];
    const record = id === "" ? undefined : await store.tokenById(id);
    // Also done when there is none, so that the time it takes does not tell which ids exist.
    const isRight = createSecretCheck([record?.hash ?? ""])(hashSecret(secret));
    return record !== undefined && isRight && isValid(record, time) ? record : undefined;
  };
  return async (token, mayAsk = true) => {
    if (isAdmin(token)) {
      return { role: "administrator", actor: (given) => nameOf("administrator", given) };
    }
    const digest = hashSecret(token);
    if (!mayAsk && !right.has(digest)) {
      return undefined;
    }
    const time = now();
    const record = await recordOf(token, time);
    if (record === undefined) {
      right.delete(digest);
      return undefined;
    }
    if (right.size >= mostRemembered) {
      right.clear();
    }
    right.add(digest);
    const { id, name, role, lastUsedAt } = record;
    if (lastUsedAt === null || time.getTime() - lastUsedAt.getTime() >= noteMs) {
      await noteUse(id, time);
    }
    return { role, actor: (given) => nameOf(name, given) };
  };
}

/** Whose token it was, and who says to have done it with it. */
function nameOf(owner: string, given: string | undefined): string {
  return given === undefined ? owner : `${owner} for ${given}`;
}

function isValid({ revokedAt, expiresAt }: TokenRecord, now: Date): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}
