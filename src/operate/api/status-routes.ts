import { readFirewalls } from "../read-firewalls.ts";
import { readProviders } from "../read-providers.ts";
import { readStatus } from "../status.ts";
import type { ApiDeps } from "./deps.ts";
import { alarmJson } from "./people-json.ts";
import { AlarmList } from "./people-shapes.ts";
import { ProvidersAnswer } from "./provider-shapes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { FirewallList, FirewallShape, StatusAnswer } from "./status-shapes.ts";
import { noParameters } from "./wanted-shapes.ts";

/** How the program, its firewalls and its providers are. */
export function statusRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "status",
      method: "get",
      paths: ["/api/v1/status"],
      role: "viewer",
      summary: "How the program is doing, and everything that is not well",
      query: noParameters,
      answers: { 200: StatusAnswer },
      handle: async () => reply(200, await readStatus(deps)),
    }),
    route({
      name: "listFirewalls",
      method: "get",
      paths: ["/api/v1/firewalls"],
      role: "viewer",
      summary: "Every configured firewall, as it was last seen",
      query: noParameters,
      answers: { 200: FirewallList },
      handle: async () => reply(200, { firewalls: await readFirewalls(deps) }),
    }),
    route({
      name: "showFirewall",
      method: "get",
      paths: ["/api/v1/firewalls/{name}"],
      params: { name: "The firewall's name" },
      role: "viewer",
      summary: "One firewall",
      query: noParameters,
      answers: { 200: FirewallShape },
      problems: ["NOT_FOUND"],
      async handle({ params }) {
        const report = (await readFirewalls(deps)).find(({ name }) => name === params["name"]);
        return report === undefined
          ? { problem: "NOT_FOUND", detail: "No firewall of this name is configured." }
          : reply(200, report);
      },
    }),
    ...outsideRoutes(deps),
  ];
}

/** What it depends on. */
function outsideRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "listProviders",
      method: "get",
      paths: ["/api/v1/providers"],
      role: "viewer",
      summary: "Who knows addresses, what is left of each budget, and the lists on this machine",
      query: noParameters,
      answers: { 200: ProvidersAnswer },
      async handle() {
        const known = await readProviders(deps);
        const missingLists = deps.listNames.filter((name) => !known.lists.some((list) => list.name === name));
        return reply(200, { ...known, missingLists });
      },
    }),
    route({
      name: "listAlarms",
      method: "get",
      paths: ["/api/v1/alarms"],
      role: "viewer",
      summary: "What is wrong with Portcullis itself, or with what it depends on, and goes on",
      query: noParameters,
      answers: { 200: AlarmList },
      handle: async () => reply(200, { alarms: (await deps.store.openAlarms()).map(alarmJson) }),
    }),
  ];
}
