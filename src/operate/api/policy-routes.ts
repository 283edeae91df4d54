import { z } from "zod";
import type { PolicyRecord } from "../../ports.ts";
import type { ApiDeps } from "./deps.ts";
import { BacktestAnswer, PolicyList } from "./policy-shapes.ts";
import { type ApiRoute, reply, route } from "./route.ts";
import { noParameters, only, parseDuration, parseMoment } from "./wanted-shapes.ts";
import { writtenAs } from "./components.ts";

const wantedSince = "expected a duration like 30d, or a time such as 2026-11-01";

const Since = writtenAs(
  z
    .string(wantedSince)
    .refine((text) => Number.isFinite(parseDuration(text)) || parseMoment(text), wantedSince),
  { type: "string", description: "How far back (`30d`), or from when (`2026-11-01`)" },
);

const wantedLimit = "expected a whole number from 0 to 100000";

/** Reading it must not keep deliveries waiting. */
const mostPolicy = 64 * 1024;

const BacktestRequest = only({
  policy: z.string("expected the text of a policy in YAML").max(mostPolicy, "is longer than 64 KiB"),
  since: Since.default("30d"),
  limit: z.int(wantedLimit).min(0, wantedLimit).max(100_000, wantedLimit).default(1000),
});

/** What decides, and what would have been decided otherwise. */
export function policyRoutes(deps: ApiDeps): readonly ApiRoute[] {
  return [listRoute(deps), showRoute(deps), backtestRoute(deps)];
}

function listRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "listPolicies",
    method: "get",
    paths: ["/api/v1/policies"],
    role: "viewer",
    summary: "Every policy that has decided",
    query: noParameters,
    answers: { 200: PolicyList },
    handle: async () => reply(200, { policies: (await store.policies()).map(policyJson) }),
  });
}

function showRoute({ store }: ApiDeps): ApiRoute {
  return route({
    name: "showPolicy",
    method: "get",
    paths: ["/api/v1/policies/{version}"],
    params: { version: "Its version, `sha256:` and 12 hex digits" },
    role: "viewer",
    summary: "One policy; more than one item when it had several roles",
    query: noParameters,
    answers: { 200: PolicyList },
    problems: ["NOT_FOUND"],
    async handle({ params }) {
      const policies = (await store.policies()).filter(({ version }) => version === params["version"]);
      return policies.length === 0
        ? { problem: "NOT_FOUND", detail: "No policy of this version has decided." }
        : reply(200, { policies: policies.map(policyJson) });
    },
  });
}

function policyJson({ version, role, firstUsedAt, policy }: PolicyRecord) {
  const read = z.record(z.string(), z.unknown()).safeParse(JSON.parse(policy));
  return { version, role, firstUsedAt, policy: read.data ?? {} };
}

function backtestRoute({ backtest, now }: ApiDeps): ApiRoute {
  return route({
    name: "backtest",
    method: "post",
    paths: ["/api/v1/backtest"],
    role: "operator",
    summary: "What another policy would have decided, with what was known then",
    description:
      "`policy` is YAML: a whole portcullis.yaml, of which its policy counts, or the keys of a policy alone. Nobody is asked, and nothing is changed.",
    mostBytes: 512 * 1024,
    query: noParameters,
    body: BacktestRequest,
    answers: { 200: BacktestAnswer },
    async handle({ body: { policy, since: text, limit }, signal }) {
      const seconds = parseDuration(text);
      const since =
        seconds === undefined ? (parseMoment(text) ?? now()) : new Date(now().getTime() - seconds * 1000);
      const report = await backtest(policy, since, signal);
      if ("problems" in report) {
        return {
          problem: "PAYLOAD_INVALID",
          detail: "The policy has mistakes; `faults` names each with its place.",
          members: { faults: report.problems.map((problem) => ({ problem })) },
        };
      }
      const { policyVersion, decisions, blocks, counts, items } = report;
      const addresses = items
        .slice(0, limit)
        .map(({ ip, was, would, change, at, searchName, events, reasons }) => ({
          ip,
          was,
          would,
          change,
          at,
          searchName,
          events,
          reasons,
        }));
      return reply(200, { policyVersion, since, decisions, blocks, counts, addresses });
    },
  });
}
