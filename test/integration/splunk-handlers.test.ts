import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { prefix } from "../fakes/samples.ts";
import { missingPrograms } from "../fakes/missing-programs.ts";
import { alertAbout } from "./api-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { ask } from "./splunk-handlers-desk.ts";
import { makeToken, type PagesDesk, startBoth } from "./splunk-pages-desk.ts";

const address = "203.0.113.77";
const skip = missingPrograms("/usr/bin/python3");

function noSecretIn({ web, signingSecret, apiToken }: PagesDesk, answers: readonly unknown[]): void {
  const seen = JSON.stringify([answers, web.sent]);
  expect(seen).not.toContain(signingSecret);
  expect(seen).not.toContain(apiToken);
}

/** Something that listens where the receiver should be. */
async function listen(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const at = server.address();
  return `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}`;
}

describe.skipIf(skip !== null)("portcullis/test", () => {
  test("the receiver takes the test, decides about the loopback address, and blocks nobody", async () => {
    const desk = await startBoth();
    const { web, store, firewall } = desk;

    const told = await ask(web, "POST", "portcullis/test");

    expect(told).toMatchObject({ status: 200, body: { addresses: 1 } });
    expect(told.body.url).toBe(desk.app.url());
    const alert = await eventually("the decision about the test", async () => {
      const found = await store.alert(String(told.body.alertId));
      return found?.sightings[0]?.decision === null ? null : found;
    });
    expect(alert.alert).toMatchObject({
      searchName: "Portcullis test",
      source: "splunk-action",
      owner: "alice",
    });
    expect(alert.sightings).toMatchObject([{ decision: { action: "ignore", ip: "127.0.0.1" } }]);
    expect(firewall.applied).toEqual([]);
    expect(desk.notifier.stories).toEqual([]);
    noSecretIn(desk, [told]);
  });

  test("each test is a delivery of its own", async () => {
    const { web } = await startBoth();

    const first = await ask(web, "POST", "portcullis/test");
    const second = await ask(web, "POST", "portcullis/test");

    expect(second.status).toBe(200);
    expect(second.body.alertId).not.toBe(first.body.alertId);
  });

  test.each([
    [
      "a wrong secret",
      { secret: `whsec_${Buffer.alloc(32, 9).toString("base64")}` },
      "NOT_DONE",
      /portcullis secrets/,
    ],
    ["no secret form", { secret: "hunter2" }, "NOT_DONE", /setup page/],
    ["no URL", { url: "" }, "NOT_DONE", /setup page/],
    ["http to another machine", { url: "http://receiver.example.net" }, "NOT_DONE", /setup page/],
    ["nobody who listens", { url: "http://127.0.0.1:1" }, "NOT_DONE", /minute/],
  ])(
    "%s is told with what to do",
    async (_name, { url, secret }: { url?: string; secret?: string }, code, advice) => {
      const desk = await startBoth();
      const { web } = desk;
      web.rest.stanza["param.url"] = url ?? web.rest.stanza["param.url"] ?? "";
      web.rest.passwords.set("portcullis:signing_secret:", secret ?? desk.signingSecret);

      const told = await ask(web, "POST", "portcullis/test");

      expect(told.status).toBe(502);
      expect(told.body.code).toBe(code);
      expect(`${told.body.message} ${told.body.advice}`).toMatch(advice);
      expect(JSON.stringify(told.body)).not.toContain("hunter2");
      noSecretIn(desk, [told]);
    },
  );

  test("no secret stored: says so", async () => {
    const { web } = await startBoth();
    web.rest.passwords.clear();

    expect((await ask(web, "POST", "portcullis/test")).body.message).toMatch(/signing secret is not set up/);
  });

  test.each([
    ["a redirect", 302, { Location: "https://login.example.net/" }, "", /redirect/],
    ["a page of a proxy", 200, { "Content-Type": "text/html" }, "<h1>Welcome</h1>", /is no Portcullis/],
    ["JSON of something else", 202, { "Content-Type": "application/json" }, '{"ok":true}', /can't be read/],
  ])("%s in the receiver's place is no success", async (_name, status, headers, body, message) => {
    const { web } = await startBoth();
    web.rest.stanza["param.url"] = await listen(status, headers, body);

    const told = await ask(web, "POST", "portcullis/test");

    expect(told.status).toBe(502);
    expect(told.body.message).toMatch(message);
  });
});

describe.skipIf(skip !== null)("portcullis/address", () => {
  test("looks up, blocks, and lifts, in the name of the Splunk user", async () => {
    const desk = await startBoth();
    const { web, firewall } = desk;

    const before = await ask(web, "GET", "portcullis/address", { ip: address });
    const blocked = await ask(web, "POST", "portcullis/address", {
      ip: address,
      duration: "1h",
      reason: "scans us",
    });
    await eventually("the block", () => firewall.entries.has(prefix(address)));
    const between = await ask(web, "GET", "portcullis/address", { ip: address });
    const lifted = await ask(web, "DELETE", "portcullis/address", { ip: address, reason: "our scanner" });
    await eventually("the end of the block", () => firewall.entries.size === 0);
    const again = await ask(web, "DELETE", "portcullis/address", { ip: address, reason: "our scanner" });

    expect(before).toMatchObject({
      status: 200,
      body: { mayOperate: true, address: { ip: address, blocks: [] } },
    });
    expect(blocked).toMatchObject({
      status: 200,
      body: { decision: { action: "block", actor: "splunk for Splunk user alice" } },
    });
    expect(between.body.address.blocks).toMatchObject([{ state: "standing", prefix: `${address}/32` }]);
    expect(lifted).toMatchObject({ status: 200, body: { liftedCount: 1 } });
    expect(again).toMatchObject({ status: 404, body: { code: "NOT_FOUND", advice: "Nothing was changed." } });
    noSecretIn(desk, [before, blocked, between, lifted, again]);
  });

  test("IPv6, in any spelling", async () => {
    const { web } = await startBoth();

    const told = await ask(web, "GET", "portcullis/address", { ip: " 2001:DB8:0:0::7 " });

    expect(told).toMatchObject({ status: 200, body: { address: { ip: "2001:db8::7" } } });
  });

  test("shows what alerts brought, hostile text and all", async () => {
    const desk = await startBoth();
    const name = '<img src=x onerror=alert(1)> "; drop table';
    await desk.post({ ...alertAbout(address), search_name: name });

    const told = await eventually("the sighting", async () => {
      const answer = await ask(desk.web, "GET", "portcullis/address", { ip: address });
      return answer.body.address.decisions.length > 0 ? answer : null;
    });

    expect(told.body.address.sightings).toMatchObject([{ searchName: name, ip: address }]);
  });

  test("what Portcullis refuses is told in its words, and changes nothing", async () => {
    const { web, firewall } = await startBoth();

    const told = await ask(web, "POST", "portcullis/address", {
      ip: "203.0.113.200",
      duration: "1h",
      reason: "test",
    });

    expect(told).toMatchObject({ status: 409, body: { code: "CONFLICT", advice: "Nothing was changed." } });
    expect(told.body.message).toContain("203.0.113.200");
    expect(firewall.entries.size).toBe(0);
  });

  test.each([
    ["unknown", "pct_000000000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "TOKEN_REFUSED"],
    ["no header's text", "abc\r\nX-Evil: 1", "TOKEN_REFUSED"],
    ["not stored", null, "TOKEN_NOT_SET"],
  ])("an API token that is %s", async (_name, token, code) => {
    const { web } = await startBoth();
    web.rest.passwords.delete("portcullis:api_token:");
    if (token !== null) {
      web.rest.passwords.set("portcullis:api_token:", token);
    }

    const told = await ask(web, "GET", "portcullis/address", { ip: address });

    // 401 would make Splunk Web throw its user out.
    expect(told).toMatchObject({ status: 502, body: { code } });
    expect(told.body.advice).toContain("portcullis token create splunk --role operator");
  });

  test("a viewer's token looks, and can't block", async () => {
    const desk = await startBoth();
    desk.web.rest.passwords.set("portcullis:api_token:", await makeToken(desk, "looker", "viewer"));

    const looked = await ask(desk.web, "GET", "portcullis/address", { ip: address });
    const blocked = await ask(desk.web, "POST", "portcullis/address", {
      ip: address,
      duration: "1h",
      reason: "x",
    });

    expect(looked.status).toBe(200);
    expect(blocked).toMatchObject({ status: 502, body: { code: "TOKEN_TOO_WEAK" } });
  });
});
