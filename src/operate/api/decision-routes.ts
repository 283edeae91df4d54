import { prefixOf } from "../../domain/ip-address.ts";
import { alertSummaryJson, extrasJson } from "./people-json.ts";
import { AlertAnswer, AlertList } from "./alert-shapes.ts";
import { approvalJson, decisionJson, sightingJson } from "./decision-json.ts";
import { ActionName, ApprovalList, ApprovalShape, DecisionAnswer, DecisionList } from "./decision-shapes.ts";
import type { ApiDeps } from "./deps.ts";
import { readPage } from "./pages.ts";
import { unreadableRoutes } from "./unreadable-routes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { Flag, noParameters, only, pageKeys } from "./wanted-shapes.ts";

/** What came in, and what was made of it. */
export function decisionRoutes(deps: ApiDeps): readonly ApiRoute[] {
  // Before an alert of any id: `unreadable` is none.
  return [
    ...unreadableRoutes(deps),
    ...alertRoutes(deps),
    ...readDecisionRoutes(deps),
    ...readApprovalRoutes(deps),
  ];
}

function alertRoutes({ store }: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "listAlerts",
      method: "get",
      paths: ["/api/v1/alerts"],
      role: "viewer",
      summary: "Alerts, newest first",
      query: only(pageKeys),
      answers: { 200: AlertList },
      async handle({ query: { limit, cursor } }) {
        const page = await readPage(cursor, () => store.listAlerts({ limit, cursor }));
        return "problem" in page
          ? page
          : reply(200, { alerts: page.items.map(alertSummaryJson), next: page.next });
      },
    }),
    route({
      name: "showAlert",
      method: "get",
      paths: ["/api/v1/alerts/{id}"],
      params: { id: "The alert's id" },
      role: "viewer",
      summary: "One alert with its rows, and what became of each address",
      query: noParameters,
      answers: { 200: AlertAnswer },
      problems: ["NOT_FOUND"],
      async handle({ params }) {
        const found = await store.alert(params["id"] ?? "");
        if (found === undefined) {
          return { problem: "NOT_FOUND", detail: "There is no alert of this id." };
        }
        const { app, owner, resultsLink, extras, settings, rows } = found.alert;
        return reply(200, {
          alert: alertSummaryJson(found.summary),
          app,
          owner,
          resultsLink,
          extras: extrasJson(extras),
          settings,
          rows,
          sightings: found.sightings.map(sightingJson),
        });
      },
    }),
  ];
}

function readDecisionRoutes({ store }: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "listDecisions",
      method: "get",
      paths: ["/api/v1/decisions"],
      role: "viewer",
      summary: "Decisions, newest first",
      description: "`differs=true`: those about which the shadow policy says something else.",
      query: only({ ...pageKeys, action: ActionName.optional(), differs: Flag }),
      answers: { 200: DecisionList },
      async handle({ query: { limit, cursor, action, differs } }) {
        const wanted = { limit, cursor, differsOnly: differs, ...(action === undefined ? {} : { action }) };
        const page = await readPage(cursor, () => store.listDecisions(wanted));
        return "problem" in page
          ? page
          : reply(200, { decisions: page.items.map(decisionJson), next: page.next });
      },
    }),
    route({
      name: "showDecision",
      method: "get",
      paths: ["/api/v1/decisions/{id}"],
      params: { id: "The decision's id" },
      role: "viewer",
      summary: "One decision with everything it was made of",
      query: noParameters,
      answers: { 200: DecisionAnswer },
      problems: ["NOT_FOUND"],
      async handle({ params }) {
        const decision = await store.decision(params["id"] ?? "");
        if (decision === undefined) {
          return { problem: "NOT_FOUND", detail: "There is no decision of this id." };
        }
        const settings = await store.settingsOfAlert(decision.alertId);
        return reply(200, { ...decisionJson(decision), note: settings?.note ?? null });
      },
    }),
  ];
}

function readApprovalRoutes({ store, now, protectedReason }: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "listApprovals",
      method: "get",
      paths: ["/api/v1/approvals"],
      role: "viewer",
      summary: "Decisions that wait for a person, newest first",
      description: "`all=true`: also those that were answered, or that lapsed.",
      query: only({ ...pageKeys, all: Flag }),
      answers: { 200: ApprovalList },
      async handle({ query: { limit, cursor, all } }) {
        const page = await readPage(cursor, () => store.holds({ limit, cursor, all, now: now() }));
        return "problem" in page
          ? page
          : reply(200, { approvals: page.items.map(approvalJson), next: page.next });
      },
    }),
    route({
      name: "showApproval",
      method: "get",
      paths: ["/api/v1/approvals/{id}"],
      params: { id: "Its decision's id" },
      role: "viewer",
      summary: "One decision that waits for a person, or that one has answered",
      query: noParameters,
      answers: { 200: ApprovalShape.extend({ protected: ApprovalShape.shape.reason }) },
      problems: ["NOT_FOUND"],
      async handle({ params }) {
        const hold = await store.hold(params["id"] ?? "", now());
        return hold === undefined
          ? { problem: "NOT_FOUND", detail: "Nothing of this id waits or waited for a person." }
          : reply(200, {
              ...approvalJson(hold),
              protected: protectedReason(prefixOf(hold.decision.ip)),
            });
      },
    }),
  ];
}
