import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, test } from "vitest";
import { alertBody, path, startReceiver } from "./start-receiver.ts";

const fixtures = join(import.meta.dirname, "../fixtures/splunk");

describe("a delivery that is taken", () => {
  test.each(readdirSync(fixtures).filter((name) => name.endsWith(".json")))(
    "%s is accepted, and a repeat is told",
    async (name) => {
      const { url, store } = await startReceiver();
      const body = readFileSync(join(fixtures, name), "utf8");

      const first = await request(url).post(path).set("Content-Type", "application/json").send(body);
      const second = await request(url).post(path).set("Content-Type", "application/json").send(body);

      expect(first.status).toBe(202);
      expect(first.body).toMatchObject({
        status: "accepted",
        addresses: 1,
        alertId: expect.stringMatching(/^al_[0-9a-f]{32}$/),
      });
      expect(second.status).toBe(202);
      expect(second.body).toMatchObject({ status: "duplicate", alertId: first.body.alertId });
      expect((await store.counts(new Date())).alerts).toBe(1);
    },
  );

  test("two rows of one sid are two alerts", async () => {
    const { url } = await startReceiver();

    const first = await request(url).post(path).send(alertBody());
    const second = await request(url)
      .post(path)
      .send(alertBody({ result: { src_ip: "203.0.113.46" } }));

    expect(second.body).toMatchObject({ status: "accepted" });
    expect(second.body.alertId).not.toBe(first.body.alertId);
  });

  test("without a content type, and gzipped", async () => {
    const { url } = await startReceiver();

    const bare = await fetch(url + path, { method: "POST", body: new Blob([JSON.stringify(alertBody())]) });
    const zipped = await fetch(url + path, {
      method: "POST",
      headers: { "Content-Encoding": "gzip" },
      body: gzipSync(JSON.stringify(alertBody({ sid: "2" }))),
    });

    expect([bare.status, zipped.status]).toEqual([202, 202]);
  });

  test("with the second token, during rotation", async () => {
    const { url } = await startReceiver();

    const answer = await request(url).post("/webhooks/splunk/integration-token-2").send(alertBody());

    expect(answer.status).toBe(202);
  });

  test("concurrent deliveries share commits", async () => {
    const commits: number[] = [];
    const { url } = await startReceiver({
      insert: (alerts) => {
        commits.push(alerts.length);
        return new Promise((resolve) => {
          setTimeout(
            resolve,
            20,
            alerts.map(() => true),
          );
        });
      },
    });

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        request(url)
          .post(path)
          .send(alertBody({ sid: `c${n}` })),
      ),
    );

    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(commits.reduce((sum, n) => sum + n, 0)).toBe(40);
    expect(commits.length).toBeLessThan(20);
  });
});

test("answers carry the headers that browsers need to stay out of harm", async () => {
  const { url } = await startReceiver();

  const webhook = await request(url).post(path).send(alertBody());
  const other = await request(url).get("/nothing");

  expect(webhook.headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
  expect(webhook.headers["x-powered-by"]).toBeUndefined();
  expect(other.headers["content-security-policy"]).toContain("default-src 'none'");
});
