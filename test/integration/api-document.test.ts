import { expect, test } from "vitest";
import { apiRoutes, createRoutes } from "../../src/operate/routes.ts";
import { hold, recordOf, sampleAlert, sampleDecision, t0, virustotalOf } from "./api-seed.ts";
import { createJudge, operationsOf, readDocument } from "./api-judge.ts";
import { type Answer, type ApiServer, outsideDeps, startApiServer } from "./api-server.ts";

/** Every documented way in, once or more, in an order in which each finds something. */
const calls: readonly (readonly [route: string, path: string, json?: object | string])[] = [
  ["GET /api/v1/status", "status"],
  ["GET /api/v1/firewalls", "firewalls"],
  ["GET /api/v1/firewalls/{name}", "firewalls/edge-1"],
  ["GET /api/v1/providers", "providers"],
  ["GET /api/v1/alarms", "alarms"],
  ["GET /api/v1/alerts", "alerts?limit=1"],
  ["GET /api/v1/alerts/{id}", "alerts/al_1"],
  [
    "POST /api/v1/alerts",
    "alerts",
    { source: "log", searchName: "sshd", results: [{ src_ip: "203.0.113.77" }] },
  ],
  ["POST /api/v1/alerts/{id}/redrive", "alerts/al_1/redrive"],
  ["GET /api/v1/decisions", "decisions?action=hold&differs=true"],
  ["GET /api/v1/decisions", "decisions"],
  ["GET /api/v1/alerts/{id}", "alerts/al_3"],
  ["GET /api/v1/alerts/unreadable", "alerts/unreadable"],
  ["GET /api/v1/alerts/unreadable/{id}", "alerts/unreadable/:unreadable"],
  ["GET /api/v1/decisions/{id}", "decisions/de_hold"],
  ["GET /api/v1/approvals", "approvals?all=true"],
  ["GET /api/v1/approvals/{id}", "approvals/de_hold"],
  ["POST /api/v1/approvals/{id}/approve", "approvals/de_hold/approve", { reason: "seen", duration: "2h" }],
  ["POST /api/v1/approvals/{id}/deny", "approvals/de_deny/deny", { allowFor: "24h" }],
  ["POST /api/v1/blocks", "blocks", { network: "198.51.100.7", duration: "1h", reason: "seen" }],
  ["POST /api/v1/blocks", "blocks", { network: "198.51.100.7", duration: "permanent", reason: "again" }],
  [
    "POST /api/v1/blocks/import",
    "blocks/import?partial=true",
    "network,reason,duration\n198.51.100.9,x,1h\nx,y,1h",
  ],
  ["GET /api/v1/blocks", "blocks?standing=true"],
  ["GET /api/v1/blocks/export", "blocks/export"],
  ["GET /api/v1/blocks/export", "blocks/export?format=csv"],
  ["GET /api/v1/blocks/export", "blocks/export?format=jsonl"],
  ["GET /api/v1/blocks/{ip}", "blocks/198.51.100.7"],
  ["GET /api/v1/blocks/{ip}/{length}", "blocks/198.51.100.7/32"],
  ["GET /api/v1/addresses/{ip}", "addresses/203.0.113.9"],
  ["GET /api/v1/addresses/{ip}", "addresses/198.51.100.7"],
  ["DELETE /api/v1/blocks/{ip}", "blocks/198.51.100.7", { reason: "mistake", grace: 60 }],
  ["DELETE /api/v1/blocks/{ip}/{length}", "blocks/198.51.100.0/24?grace=0"],
  ["GET /api/v1/addresses/{ip}", "addresses/198.51.100.7"],
  ["POST /api/v1/allowlist", "allowlist", { network: "198.51.100.0/24", reason: "a partner", owner: "net" }],
  ["GET /api/v1/allowlist", "allowlist"],
  ["DELETE /api/v1/allowlist/{id}", "allowlist/:entry"],
  ["POST /api/v1/pause", "pause", { reason: "a storm" }],
  ["GET /api/v1/controls", "controls"],
  ["GET /api/v1/status", "status"],
  ["POST /api/v1/resume", "resume", {}],
  ["GET /api/v1/policies", "policies"],
  ["GET /api/v1/policies/{version}", "policies/sha256:0123456789ab"],
  ["POST /api/v1/backtest", "backtest", { policy: "block: []", since: "7d" }],
  ["GET /api/v1/receipts", "receipts?after=1&limit=3"],
  ["GET /api/v1/receipts/verify", "receipts/verify"],
  ["GET /api/v1/receipts/export", "receipts/export"],
  ["POST /api/v1/tokens", "tokens", { name: "console", role: "viewer", duration: "30d" }],
  ["GET /api/v1/tokens", "tokens"],
  ["DELETE /api/v1/tokens/{id}", "tokens/:token", { reason: "left" }],
  // Refusals have a shape too.
  ["GET /api/v1/alerts/{id}", "alerts/al_none"],
  ["POST /api/v1/alerts", "alerts", { source: "log", searchName: "sshd", results: [] }],
  ["POST /api/v1/alerts/{id}/redrive", "alerts/al_none/redrive"],
  ["GET /api/v1/blocks", "blocks?limit=0"],
  ["POST /api/v1/blocks", "blocks", { network: "203.0.113.200", duration: "1h", reason: "x" }],
  ["POST /api/v1/blocks/import", "blocks/import", "network,reason,duration\nx,y,1h"],
  ["POST /api/v1/backtest", "backtest", { policy: "wrong" }],
];

const methods = { GET: "GET", POST: "POST", DELETE: "DELETE" } as const;

const noIds = { entry: "", token: "", unreadable: "" };

function noteIds(ids: typeof noIds, { body = {} }: Answer): void {
  ids.entry = body.entry?.id ?? ids.entry;
  ids.token = body.token?.id ?? ids.token;
  ids.unreadable = body.deliveries?.[0]?.id ?? ids.unreadable;
}

test("the server answers everything as the document says, and has every answer that it promises", async () => {
  const server = await startApiServer();
  await seed(server);
  const document = readDocument(await server.call("GET", "/api/openapi.json", { token: "none" }));
  const judge = createJudge(document);
  const ids = { ...noIds };
  const seen = new Set<string>();
  const faults: string[] = [];

  for (const [route, path, given] of calls) {
    const method = Object.values(methods).find((one) => route.startsWith(one)) ?? methods.GET;
    const answer = await server.call(
      method,
      `/api/v1/${path.replace(/:(entry|token|unreadable)$/, (_, name: keyof typeof ids) => ids[name])}`,
      typeof given === "string" ? { body: given, type: "text/csv" } : { json: given },
    );
    noteIds(ids, answer);
    seen.add(`${route} ${answer.status}`);
    faults.push(...[judge(route, answer)].filter((fault) => fault !== null));
  }

  const promised = operationsOf(document).flatMap(({ method, path, responses }) =>
    Object.keys(responses)
      .filter((status) => status.startsWith("2"))
      .map((status) => `${method.toUpperCase()} ${path} ${status}`),
  );
  expect(faults).toEqual([]);
  expect(promised.filter((one) => !seen.has(one))).toEqual([]);
});

test("what is mounted below /api/v1 is in the document, and what is in the document is mounted", async () => {
  const server = await startApiServer();
  const document = readDocument(await server.call("GET", "/api/openapi.json"));
  const documented = operationsOf(document).map(({ method, path }) => `${method} ${path}`);

  const mounted = createRoutes(outsideDeps(server.store)).stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : route.stack.map(({ method }) => `${method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}`),
  );
  const api = new Set(mounted.filter((one) => /^(?:get|post|delete|put|patch) \/api\/v1/.test(one)));

  expect([...api].toSorted()).toEqual(documented.toSorted());
  expect(documented.length).toBeGreaterThan(35);
});

test("the document is OpenAPI 3.1 whose references all lead somewhere", async () => {
  const server = await startApiServer();
  const answer = await server.call("GET", "/api/openapi.json", { token: "none" });
  const document = readDocument(answer);
  const references = [...answer.text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  const ids = operationsOf(document).map(({ operationId }) => operationId);

  expect(document.openapi).toBe("3.1.0");
  expect(answer.type).toContain("application/json");
  expect(
    references.map(([, name = ""]) => name).filter((name) => !(name in document.components.schemas)),
  ).toEqual([]);
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(["Block", "Decision", "Finding", "Problem", "Approval", "Receipt"]),
  );
  expect(document.security).toEqual([{ bearer: [] }]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(answer.text).not.toMatch(/"\$id"|inline-/);
  for (const { path, parameters, responses } of operationsOf(document)) {
    const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => name);
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(["401", "403", "503"]));
  }
});

test("a query parameter is documented as it is written, not as it is read", async () => {
  const server = await startApiServer();
  const document = readDocument(await server.call("GET", "/api/openapi.json"));

  expect(document.paths["/api/v1/blocks"]?.["get"]?.parameters).toEqual(
    expect.arrayContaining([
      {
        name: "limit",
        in: "query",
        required: false,
        schema: { type: "integer", minimum: 1, maximum: 500, default: 100 },
      },
      { name: "standing", in: "query", required: false, schema: { type: "boolean", default: false } },
    ]),
  );
});

test("every route says what it is for, and names a role", async () => {
  const { store } = await startApiServer();

  for (const { name, summary, role, paths } of apiRoutes(outsideDeps(store))) {
    expect(name).toMatch(/^[a-z]\w+$/);
    expect(summary.length).toBeGreaterThan(8);
    expect(["viewer", "operator", "administrator"]).toContain(role);
    expect(paths[0]).toMatch(/^\/api\/v1\//);
  }
});

/** Something of every kind. */
async function seed({ store }: ApiServer): Promise<void> {
  await store.insertAlerts([
    sampleAlert("al_1", {
      settings: { fields: ["src_ip"], severity: "high", mode: "observe", note: "Ask Anna." },
    }),
    sampleAlert("al_2"),
    sampleAlert("al_3", { extras: '{"severity":{"a":[5]}}' }),
  ]);
  await store.recordSightings("al_3", [], t0);
  await store.keepUnreadable({
    receivedAt: t0,
    remoteAddress: "192.0.2.1",
    reason: "The body is not JSON.",
    body: Buffer.from("<alert>"),
  });
  await store.recordSightings(
    "al_1",
    [{ ip: sampleDecision("x").ip, count: 7, fields: ["src_ip"], severity: "high" }],
    t0,
  );
  await store.finishLookUps({ provider: "virustotal", findings: [virustotalOf(8)], dropped: [], now: t0 });
  await store.recordDecision(
    recordOf(sampleDecision("de_block", { findings: [virustotalOf(8)] }), { holdSeconds: 86_400 }),
  );
  await hold(store, "de_hold", "203.0.113.10", {
    shadow: { action: "block", reasons: ["more"], rule: "x", policyVersion: "sha256:ba9876543210" },
  });
  await hold(store, "de_deny", "203.0.113.11");
  await store.notePolicy({
    version: "sha256:0123456789ab",
    role: "live",
    policy: JSON.stringify({ block: [] }),
    firstUsedAt: t0,
  });
  await store.raiseAlarm({ key: "test", message: "something is wrong", advice: "look" }, [], t0);
  await store.savePrefixList({
    name: "spamhaus-drop-v4",
    etag: null,
    version: "1",
    networks: [],
    fetchedAt: t0,
    checkedAt: t0,
  });
}
