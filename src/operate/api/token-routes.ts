import { randomBytes } from "node:crypto";
import type { TokenRecord } from "../../ports.ts";
import { hashSecret } from "./caller.ts";
import { writtenAs } from "./components.ts";
import type { ApiDeps } from "./deps.ts";
import { expiryWanted } from "./expiry-wanted.ts";
import { tokenJson } from "./people-json.ts";
import { RoleName, TokenAnswer, TokenCreated, TokenList } from "./people-shapes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import {
  Actor,
  Duration,
  isPersonal,
  Line,
  Moment,
  noParameters,
  only,
  wantedName,
} from "./wanted-shapes.ts";

const wantedLength = "expected 1 to 60 characters";

const TokenRequest = only({
  name: writtenAs(
    Line.refine((name) => name.length <= 60, wantedLength)
      // Which is what who has ADMIN_TOKEN goes by.
      .refine((name) => isPersonal(name) && !/^administrator(?: for |$)/i.test(name), wantedName),
    { type: "string", minLength: 1, maxLength: 60, description: "Goes on record as who did it" },
  ),
  role: RoleName,
  duration: Duration.optional(),
  expires: Moment.optional(),
  actor: Actor,
});

const RevokeRequest = only({ reason: Line.optional(), actor: Actor });

/** Who else may use the API. */
export function tokenRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [listRoute(deps), createRoute(deps), revokeRoute(deps)];
}

function listRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "listTokens",
    method: "get",
    paths: ["/api/v1/tokens"],
    role: "administrator",
    summary: "Tokens, without their secrets",
    query: noParameters,
    answers: { 200: TokenList },
    handle: async () => reply(200, { tokens: (await store.tokens()).map(tokenJson) }),
  });
}

function createRoute({ store, now, log }: ApiDeps): ApiRoute {
  return route({
    name: "createToken",
    method: "post",
    paths: ["/api/v1/tokens"],
    role: "administrator",
    summary: "Make a token for a person or a program",
    description: "The answer holds its secret, this once: only a hash of it is kept.",
    query: noParameters,
    body: TokenRequest,
    answers: { 201: TokenCreated },
    problems: ["CONFLICT"],
    async handle({ body: { name, role, duration, expires, actor }, caller }) {
      const time = now();
      const expiresAt = expiryWanted({ duration, expires }, time);
      if (typeof expiresAt === "string") {
        return { problem: "PAYLOAD_INVALID", detail: expiresAt };
      }
      const twin = (await store.tokens()).find((one) => one.revokedAt === null && isSame(one.name, name));
      if (twin !== undefined) {
        return {
          problem: "CONFLICT",
          detail: `The token ${twin.id} has this name already: revoke it first, or take another name, or nobody could tell who did what.`,
        };
      }
      const id = randomBytes(6).toString("hex");
      const secret = randomBytes(32).toString("base64url");
      const token: TokenRecord = {
        id,
        name,
        role,
        hash: hashSecret(secret),
        createdAt: time,
        createdBy: caller.actor(actor),
        expiresAt,
        revokedAt: null,
        lastUsedAt: null,
      };
      await store.createToken(token);
      log.info({ token: id, name, role, expiresAt, actor: token.createdBy }, "token created");
      return reply(201, { token: tokenJson(token), secret: `pct_${id}_${secret}` });
    },
  });
}

/** True for names that a reader of the record takes for one. */
function isSame(one: string, other: string): boolean {
  return one.normalize("NFKC").toLowerCase() === other.normalize("NFKC").toLowerCase();
}

function revokeRoute({ store, now, log }: ApiDeps): ApiRoute {
  return route({
    name: "revokeToken",
    method: "delete",
    paths: ["/api/v1/tokens/{id}"],
    params: { id: "The token's id: the part of it between the underscores" },
    role: "administrator",
    summary: "Refuse a token from now on",
    query: noParameters,
    body: RevokeRequest,
    answers: { 200: TokenAnswer },
    problems: ["NOT_FOUND"],
    async handle({ params, body: { reason = "revoked through the API", actor: given }, caller }) {
      const id = params["id"] ?? "";
      const actor = caller.actor(given);
      const isRevoked = await store.revokeToken(id, { actor, reason, now: now() });
      const token = isRevoked ? await store.tokenById(id) : undefined;
      if (token === undefined) {
        return { problem: "NOT_FOUND", detail: "There is no token of this id that is not revoked." };
      }
      log.info({ token: id, name: token.name, actor, reason }, "token revoked");
      return reply(200, { token: tokenJson(token) });
    },
  });
}
