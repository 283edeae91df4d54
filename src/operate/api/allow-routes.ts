import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { AllowEntry } from "../../domain/allow-entry.ts";
import { blockJson } from "../block-json.ts";
import { allow } from "./allow.ts";
import type { ApiDeps } from "./deps.ts";
import { expiryWanted } from "./expiry-wanted.ts";
import { mostListed } from "./lift-blocks.ts";
import { allowEntryJson } from "./people-json.ts";
import { AllowedAnswer, AllowList, DisallowedAnswer } from "./people-shapes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { refuseWide } from "./refuse-wide.ts";
import { Actor, Duration, Line, Moment, noParameters, only, WantedNetwork } from "./wanted-shapes.ts";

const AllowRequest = only({
  network: WantedNetwork,
  reason: Line,
  owner: Line.optional(),
  duration: Duration.optional(),
  expires: Moment.optional(),
  actor: Actor,
  wide: z.boolean("expected true or false").default(false),
});

const DisallowRequest = only({ reason: Line.optional(), actor: Actor });

/** Networks that must not be blocked. */
export function allowRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [listRoute(deps), addRoute(deps), removeRoute(deps)];
}

/** Those of the settings first. */
export async function readAllowlist({
  store,
  settingsAllowlist,
  now,
}: Pick<ApiDeps, "store" | "settingsAllowlist" | "now">) {
  const time = now();
  const added = await store.allowEntries(time);
  const isValid = ({ expiresAt }: AllowEntry): boolean => expiresAt === null || expiresAt > time;
  return [
    ...settingsAllowlist.filter(isValid).map((entry) => allowEntryJson(entry, false)),
    ...added.map((entry) => allowEntryJson(entry, true)),
  ];
}

function listRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "listAllowlist",
    method: "get",
    paths: ["/api/v1/allowlist"],
    role: "viewer",
    summary: "Networks that must not be blocked, of the settings and added by people",
    query: noParameters,
    answers: { 200: AllowList },
    handle: async () => reply(200, { allowlist: await readAllowlist(deps) }),
  });
}

function addRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "allow",
    method: "post",
    paths: ["/api/v1/allowlist"],
    role: "operator",
    summary: "Put a network on the allow-list",
    description:
      "It lifts every block that shares an address with the network, at once. Without `duration` and `expires` it has no end. A network wider than /16 (IPv4) or /32 (IPv6) needs an administrator who says `wide`; one that holds every address is refused.",
    query: noParameters,
    body: AllowRequest,
    answers: { 201: AllowedAnswer },
    problems: ["CONFLICT"],
    async handle({ body: { network, reason, owner = "", duration, expires, actor, wide }, caller }) {
      const now = deps.now();
      const refusal = await refuseWide(deps, network, { caller, wide });
      if (refusal !== null) {
        return refusal;
      }
      const expiresAt = expiryWanted({ duration, expires }, now);
      if (typeof expiresAt === "string") {
        return { problem: "PAYLOAD_INVALID", detail: expiresAt };
      }
      const entry: AllowEntry = {
        id: `aw_${randomUUID().replaceAll("-", "")}`,
        prefix: network,
        reason,
        owner,
        actor: caller.actor(actor),
        createdAt: now,
        expiresAt,
      };
      const lifted = await allow(deps, entry);
      return reply(201, {
        entry: allowEntryJson(entry, true),
        liftedCount: lifted.length,
        lifted: lifted.slice(0, mostListed).map(blockJson),
      });
    },
  });
}

function removeRoute({ store, settingsAllowlist, onAllowlistChanged, now, log }: ApiDeps): ApiRoute {
  return route({
    name: "disallow",
    method: "delete",
    paths: ["/api/v1/allowlist/{id}"],
    params: { id: "The entry's id" },
    role: "operator",
    summary: "Take an entry off the allow-list",
    description: "409: it stands in the settings. Nothing is blocked by that: the next alert decides anew.",
    query: noParameters,
    body: DisallowRequest,
    answers: { 200: DisallowedAnswer },
    problems: ["NOT_FOUND", "CONFLICT"],
    async handle({ params, body: { reason = "removed through the API", actor }, caller }) {
      const id = params["id"] ?? "";
      if (settingsAllowlist.some((entry) => entry.id === id)) {
        const place =
          id === "ALLOWLIST"
            ? "in the variable ALLOWLIST"
            : `in the settings file, at ${id.replace(/^file:/, "")}`;
        return { problem: "CONFLICT", detail: `It stands ${place}: change it there and restart.` };
      }
      const act = { actor: caller.actor(actor), reason, now: now() };
      const entry = await store.removeAllowEntry(id, act);
      if (entry === undefined) {
        return { problem: "NOT_FOUND", detail: "There is no entry of this id." };
      }
      log.info({ id, prefix: entry.prefix, actor: act.actor, reason }, "network no longer allowed");
      await onAllowlistChanged();
      return reply(200, { entry: allowEntryJson(entry, true) });
    },
  });
}
