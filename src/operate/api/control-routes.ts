import { z } from "zod";
import type { Hold, Page } from "../../ports.ts";
import { answerHold } from "./answer-hold.ts";
import { ControlsShape, ResumedAnswer } from "./control-shapes.ts";
import type { ApiDeps } from "./deps.ts";
import { findCrawlers } from "./find-crawlers.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { Actor, Line, noParameters, only } from "./wanted-shapes.ts";

const PauseRequest = only({ reason: Line, actor: Actor });

const ResumeRequest = only({
  reason: Line.optional(),
  release: z.boolean("expected true or false").default(true),
  actor: Actor,
});

/** Whether new blocks are made. */
export function controlRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [controlsRoute(deps), pauseRoute(deps), resumeRoute(deps)];
}

function controlsRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "controls",
    method: "get",
    paths: ["/api/v1/controls"],
    role: "viewer",
    summary: "Whether new blocks are paused, or beyond a limit",
    query: noParameters,
    answers: { 200: ControlsShape },
    handle: async () => reply(200, await store.controls()),
  });
}

function pauseRoute({ store, now, log }: ApiDeps): ApiRoute {
  return route({
    name: "pause",
    method: "post",
    paths: ["/api/v1/pause"],
    role: "operator",
    summary: "No new blocks from now on, until resume",
    description:
      "What would be blocked waits for a person. Blocks that stand go on standing. Survives a restart.",
    query: noParameters,
    body: PauseRequest,
    answers: { 200: ControlsShape },
    async handle({ body: { reason, actor }, caller }) {
      const act = { actor: caller.actor(actor), reason, now: now() };
      await store.pause(act);
      log.warn({ actor: act.actor, reason }, "new blocks are paused");
      return reply(200, await store.controls());
    },
  });
}

function resumeRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "resume",
    method: "post",
    paths: ["/api/v1/resume"],
    role: "operator",
    summary: "New blocks again, and what waited only for that is blocked",
    description:
      "Ends a pause, and lets the limits on new blocks count from here. `release: false`: what was held meanwhile waits on for a person.",
    query: noParameters,
    body: ResumeRequest,
    answers: { 200: ResumedAnswer },
    async handle({ body: { reason = "resumed through the API", release, actor: given }, caller }) {
      const { store, now, log, wakeFirewalls } = deps;
      const actor = caller.actor(given);
      await store.resume({ actor, reason, now: now() });
      const counts = release ? await releaseHolds(deps, { actor, reason }) : nothing;
      log.warn({ actor, reason, ...counts }, "new blocks are made again");
      wakeFirewalls();
      return reply(200, { controls: await store.controls(), ...counts });
    },
  });
}

interface Counts {
  readonly released: number;
  readonly protectedNow: number;
  readonly crawlers: number;
  readonly unchanged: number;
}

const nothing: Counts = { released: 0, protectedNow: 0, crawlers: 0, unchanged: 0 };
/** Those at a time share commits. */
const perPage = 100;

async function releaseHolds(
  deps: ApiDeps,
  by: { readonly actor: string; readonly reason: string },
): Promise<Counts> {
  let counts = nothing;
  let cursor: string | null = null;
  do {
    const page: Page<Hold> = await deps.store.holds({
      limit: perPage,
      cursor,
      now: deps.now(),
      causes: ["limit", "paused"],
    });
    // Who asked may be gone: what was begun is finished, and each address takes name servers a second at most.
    const crawlers = await findCrawlers(
      deps,
      page.items.map(({ decision }) => decision.ip),
      new AbortController().signal,
    );
    const released = page.items.filter(({ decision }) => !crawlers.has(decision.ip));
    const answered = await Promise.all(
      released.map((hold) => answerHold(deps, hold, { ...by, seconds: null, channels: [] })),
    );
    const count = (kind: (typeof answered)[number]["kind"]): number =>
      answered.filter((one) => one.kind === kind).length;
    for (const [ip, why] of crawlers) {
      deps.log.warn({ ip, why }, "hold not released: it is a crawler");
    }
    counts = {
      released: counts.released + count("blocked"),
      protectedNow: counts.protectedNow + count("protected"),
      crawlers: counts.crawlers + page.items.length - released.length,
      unchanged: counts.unchanged + count("unchanged"),
    };
    cursor = page.next;
  } while (cursor !== null);
  return counts;
}
