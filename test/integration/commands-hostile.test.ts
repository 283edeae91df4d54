import { createServer, type Server } from "node:http";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { block, enforcement, since, startAnswering } from "./answering-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

/** Clears a screen, in two ways; turns text around; hides a character. */
const evil = "a\u001b[2J\u009b2J\u202eb\u200bc\rd";
// oxlint-disable-next-line no-control-regex -- that there are none is what is tested
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202e]/;

const decision = {
  id: evil,
  ip: evil,
  action: evil,
  holdCause: evil,
  rule: evil,
  actor: evil,
  reasons: [evil],
  decidedAt: since,
  expiresAt: since,
  shadow: { action: evil, reasons: [evil] },
};
const lifted = { actor: evil, reason: evil, graceUntil: since };
const evilBlock = block(evil, {
  mode: evil,
  state: "lifted",
  endedAt: since,
  lifted,
  enforcements: [enforcement(evil, evil, { error: evil, packets: 1 })],
});
const entry = {
  id: evil,
  prefix: evil,
  reason: evil,
  owner: evil,
  actor: evil,
  createdAt: since,
  expiresAt: null,
  removable: true,
};
const token = {
  id: evil,
  name: evil,
  role: evil,
  createdAt: since,
  createdBy: evil,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: since,
};
const budget = {
  windows: [{ name: evil, limit: 4, left: 2 }],
  runsOutAt: since,
  notBefore: since,
  trouble: evil,
  totals: { asked: 1, failed: 1 },
};
const everything = {
  version: evil,
  mode: evil,
  startedAt: evil,
  counts: { [evil]: { [evil]: 1 }, [`${evil}2`]: 1 },
  firewalls: [],
  providers: [{ title: evil, state: evil, waiting: 1, ...budget, network: budget }],
  searches: [{ name: evil, alerts: 1, lastAlertAt: since, silence: evil }],
  lists: [{ name: evil, version: evil, entries: 1, ageSeconds: 1 }],
  missingLists: [evil],
  controls: {
    paused: { since, actor: evil, reason: evil },
    limited: { since, reason: evil, held: 1 },
  },
  alarms: [{ message: evil, advice: evil, raisedAt: since }],
  troubles: [evil],
  ip: evil,
  story: [evil],
  decisions: [decision],
  decision,
  blocks: [evilBlock],
  block: evilBlock,
  graces: [{ prefix: evil, until: since, actor: evil, reason: evil }],
  approvals: [
    { id: evil, state: evil, searchName: evil, createdAt: since, expiresAt: since, actor: evil, decision },
  ],
  allowed: { prefix: evil, expiresAt: null },
  allowlist: [entry],
  entry,
  liftedCount: 1,
  lifted: [{ id: evil, prefix: evil }],
  tokens: [token],
  token,
  secret: evil,
  receipts: [{ seq: 1, at: since, kind: evil, subject: evil, actor: evil }],
  policies: [{ version: evil, role: evil, firstUsedAt: since }],
  ok: false,
  count: 1,
  head: { seq: 1, hash: evil },
  fault: { seq: 1, problem: evil },
  rows: 1,
  disagreements: [evil],
  disagreementCount: 2,
  policyVersion: evil,
  since,
  addresses: [
    { ip: evil, was: evil, would: evil, change: evil, at: since, searchName: evil, reasons: [evil] },
  ],
  blocked: 1,
  unchangedCount: 1,
  unchanged: [{ line: 1, problem: evil }],
  faults: [{ line: 1, problem: evil }],
  faultCount: 1,
  released: 1,
  protectedNow: 1,
  crawlers: 1,
  next: null,
};
const alert = {
  id: evil,
  receivedAt: since,
  source: evil,
  searchName: evil,
  rows: 1,
  sightings: 1,
  waiting: 1,
  decisions: { [evil]: 1 },
  error: null,
  isGenuine: false,
  doubt: evil,
  recovery: { state: "failed", rows: 1, error: `${evil} twice` },
  noAddress: null,
};
const delivery = { receivedAt: since, remoteAddress: evil, reason: evil, bytes: 1, beginning: evil };

const decisionId = `de_${"1".repeat(32)}`;
const because = ["--reason", "x", "--no-wait"];

function answerAbout(call: string): object {
  if (call.includes("unreadable")) {
    return { deliveries: [delivery], next: null };
  }
  const noAddress = { fields: [evil], hint: evil };
  return call.includes("al_1")
    ? {
        alert: { ...alert, sid: evil, noAddress },
        app: evil,
        owner: evil,
        extras: { [evil]: evil, more: { [evil]: [evil] } },
        settings: { fields: [evil], severity: evil, mode: evil, note: evil },
        rows: [[[evil, [evil, evil]]]],
        sightings: [{ ip: evil, count: 1, fields: [evil], decision: { action: evil }, error: null }],
      }
    : { alerts: [alert, { ...alert, noAddress }], next: null };
}

describe("nothing of an answer reaches the terminal that it would obey or hide:", () => {
  const policy = join(import.meta.dirname, "run-command.ts");
  test.each([
    [["status"]],
    [["providers"]],
    [["alarms"]],
    [["blocks", "--all"]],
    [["explain", "203.0.113.9"]],
    [["export"]],
    [["export", "--format", "csv"]],
    [["decisions"]],
    [["approvals"]],
    [["approvals", "--all"]],
    [["approve", decisionId, "--no-wait"]],
    [["deny", decisionId]],
    [["policies"]],
    [["backtest", "--policy", policy]],
    [["allow", "list"]],
    [["allow", "add", "203.0.113.9", ...because]],
    [["allow", "remove", "203.0.113.9"]],
    [["token", "list"]],
    [["token", "create", "x", "--role", "viewer"]],
    [["token", "revoke", "x"]],
    [["receipts", "list"]],
    [["receipts", "verify"]],
    [["receipts", "export"]],
    [["block", "203.0.113.9", ...because]],
    [["pause", "--reason", "x"]],
    [["resume"]],
  ])("%s", async (args) => {
    const { command } = await startAnswering(() => everything);
    const wantsJson = !args.includes("export");

    const plain = await command(...args);
    const json = wantsJson ? await command(...args, "--json") : plain;

    for (const { out, err } of [plain, json]) {
      expect(out + err).not.toBe("");
      expect(out + err).not.toMatch(unseen);
    }
  });

  test("alerts, and an import", async () => {
    const { command } = await startAnswering((call) =>
      call.includes("alerts") ? answerAbout(call) : everything,
    );
    const file = join(temporaryDir(), "a.csv");
    writeFileSync(file, "network\n");

    for (const args of [
      ["alerts"],
      ["alerts", "--unreadable"],
      ["alerts", "show", "al_1"],
      ["import", file],
    ]) {
      const { exitCode, out, err } = await command(...args);
      expect(exitCode).toBe(0);
      expect(out).toMatch(/\ufffd/);
      expect(out + err).not.toMatch(unseen);
    }
  });
});

test("an export that is cut off is an error, and no half file stays", async () => {
  const server: Server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/csv" });
    response.write("network,reason\n");
    setImmediate(() => {
      response.destroy();
    });
  });
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const dir = temporaryDir();

  const { exitCode, err } = await runCommand(["export", "-o", "blocks.csv", "--url", url], { DATA_DIR: dir });

  expect(exitCode).toBe(2);
  expect(err).toMatch(/^API_UNREACHABLE: .*(?:cut off|does not answer)/m);
  expect(readdirSync(dir)).toEqual([]);
});
