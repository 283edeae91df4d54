import { AlertRequest, RedrivenShape, TakenShape } from "./alert-shapes.ts";
import type { ApiDeps } from "./deps.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { noParameters } from "./wanted-shapes.ts";

/** As much as the webhook takes. */
const mostBytes = 5 * 1024 * 1024;

/** Alerts that do not come by a webhook, and stored ones once more. */
export function intakeRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [takeRoute(deps), redriveRoute(deps)];
}

function takeRoute({ takeAlert, log }: ApiDeps): ApiRoute {
  return route({
    name: "takeAlert",
    method: "post",
    paths: ["/api/v1/alerts"],
    role: "operator",
    summary: "Take an alert from logs, a search, or a stored one, and process it like any other",
    query: noParameters,
    body: AlertRequest,
    mostBytes,
    answers: { 202: TakenShape },
    async handle({ body: { source, searchName, ...alert }, caller }) {
      const taken = await takeAlert({ ...alert, search_name: searchName }, source);
      if ("problem" in taken) {
        return { problem: "PAYLOAD_INVALID", detail: taken.problem };
      }
      log.info({ alertId: taken.alertId, source, actor: caller.actor() }, "alert taken by the API");
      return reply(202, taken);
    },
  });
}

function redriveRoute({ store, now, wakePipeline, log }: ApiDeps): ApiRoute {
  return route({
    name: "redriveAlert",
    method: "post",
    paths: ["/api/v1/alerts/{id}/redrive"],
    params: { id: "The alert's id" },
    role: "operator",
    summary: "Take up a stored alert again",
    description:
      "Its addresses are looked for again, with today's settings, and those that wait or were given up are decided. What was decided stays.",
    query: noParameters,
    answers: { 202: RedrivenShape },
    problems: ["NOT_FOUND"],
    async handle({ params, caller }) {
      const alertId = params["id"] ?? "";
      const redriven = await store.redriveAlert(alertId, now());
      if (redriven === undefined) {
        return { problem: "NOT_FOUND", detail: "There is no alert of this id." };
      }
      log.info({ alertId, actor: caller.actor() }, "alert is taken up again");
      wakePipeline();
      return reply(202, { alertId, ...redriven });
    },
  });
}
