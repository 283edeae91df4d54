import { createServer, type Server } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { onTestFinished } from "vitest";
import { manualDecision, releaseDecision } from "../../src/decide/release.ts";
import { describeFinding } from "../../src/decide/describe-finding.ts";
import { prefixContains, prefixOf } from "../../src/domain/ip-address.ts";
import { createAcceptAlert } from "../../src/ingest/accept-alerts.ts";
import { createTakeAlert } from "../../src/ingest/take-alert.ts";
import type { Role } from "../../src/domain/role.ts";
import { hashSecret } from "../../src/operate/api/caller.ts";
import type { ApiDeps } from "../../src/operate/api/deps.ts";
import { createRoutes } from "../../src/operate/routes.ts";
import { answerError, sendProblem } from "../../src/problem.ts";
import type { Log, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { after, ip, prefix, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { configured, sampleProvider } from "../unit/operate-desk.ts";

export const adminToken = "the-token-of-the-administrator";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly text: string;
  /** What JSON says; undefined when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read what they expect there
  readonly body: any;
}

export interface ApiServer {
  readonly url: string;
  readonly store: Store;
  /** The program's clock, which stands still at `t0` until it is moved. */
  readonly clock: { now: Date };
  /** What was logged. */
  readonly logged: readonly { readonly fields: object; readonly message: string }[];
  /** How often firewalls were woken. */
  readonly woken: () => number;
  readonly call: (
    method: "GET" | "POST" | "DELETE" | "PUT",
    path: string,
    options?: {
      readonly json?: unknown;
      readonly body?: string;
      readonly type?: string;
      readonly token?: string;
    },
  ) => Promise<Answer>;
  /** Makes a token of this role. @returns what its owner sends */
  readonly token: (role: Role, name?: string) => Promise<string>;
}

/** What the routes need, on this store, with a clock that stands still at `t0`. */
export function outsideDeps(store: Store): ApiDeps {
  return {
    ...outside,
    store,
    log: silentLog,
    now: () => t0,
    wakeFirewalls: () => undefined,
    takeAlert: takingInto(store, () => t0),
  };
}

/** Each alert names as many addresses as it has rows. */
function takingInto(store: Store, now: () => Date): ApiDeps["takeAlert"] {
  return createTakeAlert({
    accept: (alert) => createAcceptAlert(store)(alert),
    countAddresses: ({ rows }) => rows.length,
    now,
  });
}

/** The routes over a real SQLite store, with what other stages do at its side. */
export async function startApiServer(changes: Partial<ApiDeps> = {}): Promise<ApiServer> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-api-"));
  const store = await openStore({ databaseUrl: `sqlite:${join(dir, "portcullis.db")}` });
  const clock = { now: t0 };
  const logged: { fields: object; message: string }[] = [];
  let woken = 0;
  const note = (fields: object, message: string): void => {
    logged.push({ fields, message });
  };
  const log: Log = { ...silentLog, info: note, warn: note, error: note };
  const deps: ApiDeps = {
    ...outside,
    store,
    log,
    now: () => clock.now,
    takeAlert: takingInto(store, () => clock.now),
    wakeFirewalls: () => {
      woken += 1;
    },
    ...changes,
  };
  const app = express();
  app.set("etag", false).set("query parser", false);
  app.use(createRoutes(deps));
  app.use((_request, response) => {
    sendProblem(response, "NOT_FOUND", "There is nothing at this address.");
  });
  app.use(answerError(log));
  const server = createServer(app);
  const url = await listen(server);
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  let tokens = 0;
  return {
    url,
    store,
    clock,
    logged,
    woken: () => woken,
    call: (method, path, options = {}) => call(`${url}${path}`, method, options),
    async token(role, name = role) {
      tokens += 1;
      const id = tokens.toString(16).padStart(12, "0");
      const secret = "s".repeat(42) + String(tokens % 10);
      await store.createToken({
        id,
        name,
        role,
        hash: hashSecret(secret),
        createdAt: clock.now,
        createdBy: "test",
        expiresAt: null,
        revokedAt: null,
        lastUsedAt: null,
      });
      return `pct_${id}_${secret}`;
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

async function call(
  url: string,
  method: string,
  {
    json,
    body = json === undefined ? undefined : JSON.stringify(json),
    type = "application/json",
    token = adminToken,
  }: { json?: unknown; body?: string | undefined; type?: string; token?: string },
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": type }) },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  const contentType = answer.headers.get("content-type") ?? "";
  return {
    status: answer.status,
    type: contentType,
    headers: answer.headers,
    text,
    body: /json\b/.test(contentType) && !contentType.includes("jsonl") ? JSON.parse(text) : undefined,
  };
}

/** Networks that may never be blocked here. */
const protectedHere = [prefix("203.0.113.200"), prefix("192.0.2.0/24")];

/** Everything that is not the store, the clock and the log. */
const outside: Omit<ApiDeps, "store" | "log" | "now" | "wakeFirewalls" | "takeAlert"> = {
  wakePipeline: () => undefined,
  version: "1.2.3",
  mode: "enforce",
  startedAt: t0,
  expectedSearches: [],
  firewalls: [configured("edge-1", { groups: ["edge"] }), configured("edge-2")],
  providers: {
    states: () =>
      Promise.resolve([sampleProvider(), sampleProvider({ name: "abuseipdb", network: sampleProvider() })]),
  },
  refusals: () => ({}),
  adminToken,
  graceSeconds: 3600,
  policyVersion: "sha256:0123456789ab",
  protectedReason: (network) => {
    const length = Number(network.slice(network.indexOf("/") + 1));
    const found = protectedHere.find((one) => prefixContains(one, network) || prefixContains(network, one));
    if (length < (network.includes(":") ? 48 : 24)) {
      return `${network} is wider than /24`;
    }
    return found === undefined ? null : `${found} is one of ours`;
  },
  listNames: ["spamhaus-drop", "spamhaus-drop-v6"],
  confirmCrawler: () => Promise.resolve(null),
  decideNow: () => ({
    action: "watch",
    holdCause: null,
    reasons: ["nothing speaks for a block"],
    rule: null,
    policyVersion: "sha256:0123456789ab",
    mode: "enforce",
    missing: [],
  }),
  manualDecision,
  releaseDecision,
  targetOfHold: ({ decision }) => ({
    prefix: prefixOf(decision.ip),
    groups: null,
    firewalls: ["edge-1", "edge-2"],
    mode: "enforce",
    seconds: 86_400,
  }),
  targetOf: (groups) => ({ groups, firewalls: groups === null ? ["edge-1", "edge-2"] : ["edge-1"] }),
  groups: ["edge"],
  backtest: (text) =>
    Promise.resolve(
      text.includes("wrong")
        ? { problems: ["policy:1:1: is wrong"] }
        : {
            policyVersion: "sha256:ba9876543210",
            decisions: 3,
            blocks: { were: 0, would: 1 },
            counts: { "newly-blocked": 1, same: 2 },
            items: [
              {
                ip: ip("203.0.113.9"),
                was: "watch",
                would: "block",
                change: "newly-blocked",
                at: t0,
                searchName: null,
                events: 7,
                reasons: ["8 of 90"],
              },
            ],
          },
    ),
  describeFinding,
  settingsAllowlist: [
    {
      id: "file:allowlist[0]",
      prefix: prefix("203.0.113.200"),
      reason: "our scanner",
      owner: "red team",
      actor: "settings",
      createdAt: t0,
      expiresAt: null,
    },
    {
      id: "file:allowlist[1]",
      prefix: prefix("203.0.113.201"),
      reason: "over",
      owner: "",
      actor: "settings",
      createdAt: after(-7200),
      expiresAt: after(-3600),
    },
  ],
  onAllowlistChanged: () => Promise.resolve(),
  channels: ["email"],
};
