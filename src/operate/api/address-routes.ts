import { type IpAddress, parseIpAddress, prefixContains, prefixOf } from "../../domain/ip-address.ts";
import { blockReportJson, graceJson } from "../block-json.ts";
import { tellAddress } from "../tell-address.ts";
import { AddressAnswer } from "./address-shapes.ts";
import { readAllowlist } from "./allow-routes.ts";
import { approvalJson, decisionJson, findingJson, sightingJson } from "./decision-json.ts";
import type { ApiDeps } from "./deps.ts";
import { receiptJson } from "./people-json.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { noParameters } from "./wanted-shapes.ts";

/** Everything about one address. */
export function addressRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [
    route({
      name: "showAddress",
      method: "get",
      paths: ["/api/v1/addresses/{ip}"],
      params: { ip: "An IPv4 or IPv6 address" },
      role: "viewer",
      summary: "Everything that is known about one address, and its story in plain words",
      query: noParameters,
      answers: { 200: AddressAnswer },
      async handle({ params }) {
        const ip = parseIpAddress(params["ip"] ?? "");
        return ip === undefined
          ? { problem: "PAYLOAD_INVALID", detail: "The path must end in an IP address." }
          : reply(200, await readAddress(deps, ip));
      },
    }),
  ];
}

async function readAddress(deps: ApiDeps, ip: IpAddress) {
  const { store, decideNow, describeFinding, providers, now } = deps;
  const time = now();
  const [report, allowlist, states, controls] = await Promise.all([
    store.addressReport(ip, time),
    readAllowlist(deps),
    providers.states(),
    store.controls(),
  ]);
  const protectedReason = deps.protectedReason(prefixOf(ip));
  const decisionNow = await decideNow(report);
  const { action, holdCause, reasons, rule, policyVersion, mode, missing } = decisionNow;
  const allowed = allowlist.filter(({ prefix }) => prefixContains(prefix, ip));
  const isPaused = controls.paused !== null;
  const story = {
    report,
    protectedReason,
    allowed,
    decisionNow,
    providers: states,
    describeFinding,
    isPaused,
    now: time,
  };
  return {
    ip,
    story: tellAddress(story),
    protected: protectedReason,
    now: { action, holdCause, reasons, rule, policyVersion, mode, missing },
    allowlist: allowed,
    events: report.events,
    firstSeenAt: report.firstSeenAt,
    lastSeenAt: report.lastSeenAt,
    sightings: report.sightings.map(sightingJson),
    findings: report.findings.map(findingJson),
    lookUps: report.lookUps.map(({ provider, place, since, dueAt }) => ({ provider, place, since, dueAt })),
    decisions: report.decisions.map(decisionJson),
    approvals: report.holds.map(approvalJson),
    blocks: report.blocks.map(blockReportJson),
    graces: report.graces.map(graceJson),
    receipts: report.receipts.map(receiptJson),
  };
}
