import express from "express";
import request from "supertest";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import type { MetricsDeps } from "../../src/operate/metrics.ts";
import { createRoutes } from "../../src/operate/routes.ts";
import { answerError } from "../../src/problem.ts";
import type { Store } from "../../src/ports.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { ago, configured, operateDesk, seen } from "../unit/operate-desk.ts";
import { adminToken, outsideDeps } from "./api-server.ts";

function serve(desk: MetricsDeps) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else is asked of it here
  const store = desk.store as Store;
  const routes = createRoutes({ ...outsideDeps(store), ...desk, store });
  return request(express().set("query parser", false).use(routes).use(answerError(silentLog)));
}

const asAdmin = { Authorization: `Bearer ${adminToken}` };

const desk = operateDesk({
  firewalls: [configured("edge-1"), configured("edge 2/ü")],
  records: [seen("edge-1", { state: "unreachable", unreachableSince: ago(60_000), error: "ETIMEDOUT" })],
  backlogs: [{ firewall: "edge-1", pending: 2, oldestAt: ago(3000) }],
});

describe("GET /api/v1/firewalls", () => {
  test("tells of all, and of one by its name", async () => {
    const all = await serve(desk).get("/api/v1/firewalls").set(asAdmin);
    const one = await serve(desk).get("/api/v1/firewalls/edge-1").set(asAdmin);
    const odd = await serve(desk)
      .get(`/api/v1/firewalls/${encodeURIComponent("edge 2/ü")}`)
      .set(asAdmin);

    expect(all.body).toEqual({ firewalls: [one.body, odd.body] });
    expect(one.body).toEqual({
      name: "edge-1",
      host: "edge-1.example.net",
      groups: [],
      canary: false,
      enabled: true,
      via: "root",
      state: "unreachable",
      pending: 2,
      lagSeconds: 3,
      unreachableSince: "2026-11-20T12:59:00.000Z",
      inSyncAt: "2026-11-20T12:59:59.000Z",
      checkedAt: "2026-11-20T12:59:59.000Z",
      error: "ETIMEDOUT",
      drifts: 0,
      lastDrift: null,
      capacity: null,
    });
    expect(odd.body).toMatchObject({ name: "edge 2/ü", state: "not-reached-yet" });
  });

  test("status tells the same", async () => {
    const all = await serve(desk).get("/api/v1/firewalls").set(asAdmin);
    const status = await serve(desk).get("/api/v1/status").set(asAdmin);

    expect(status.body).toMatchObject(all.body);
  });

  test("one that is not configured is not found; without the token nothing is told", async () => {
    const other = await serve(desk).get("/api/v1/firewalls/edge-9").set(asAdmin);
    const stranger = await serve(desk).get("/api/v1/firewalls/edge-1");

    expect(other.status).toBe(404);
    expect(other.body).toMatchObject({ code: "NOT_FOUND" });
    expect(stranger.status).toBe(401);
    expect(JSON.stringify(stranger.body)).not.toContain("edge-1");
  });
});

describe("GET /metrics", () => {
  test("is Prometheus' text, and needs no token", async () => {
    const { status, headers, text } = await serve(desk).get("/metrics");

    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain('portcullis_firewall_pending{firewall="edge-1"} 2\n');
  });

  test("is 503 while the store does not answer, and a bug is no such thing", async () => {
    const failing = (fault: Error) =>
      serve({ ...desk, store: { ...desk.store, counts: () => Promise.reject(fault) } });

    const away = await failing(new AppError("STORE_UNAVAILABLE", "/secret/path", { retryable: true })).get(
      "/metrics",
    );
    const bug = await failing(new Error("/secret/path")).get("/metrics");

    expect([away.status, away.text]).toEqual([503, "the store does not answer\n"]);
    expect(bug.status).toBe(500);
    expect(bug.text).not.toContain("secret");
  });
});
