import { describe, expect, test } from "vitest";
import { missingPrograms } from "../fakes/missing-programs.ts";
import { readConf } from "../fakes/splunk-app-conf.ts";
import { callHandler } from "../fakes/splunk-handler.ts";
import { administrator } from "../fakes/splunk-web.ts";
import { ask, straight } from "./splunk-handlers-desk.ts";
import { startBoth, startSplunk } from "./splunk-pages-desk.ts";

const address = "203.0.113.77";
const skip = missingPrograms("/usr/bin/python3");

test("splunkd asks for the capability by itself, before a handler is run", () => {
  const scripts = [...readConf("restmap.conf")].filter(([name]) => name.startsWith("script:"));
  const needed = scripts.map(([, keys]) => [
    keys.get("match"),
    keys.get("requireAuthentication"),
    ...["get", "post", "delete"].map((method) => keys.get(`capability.${method}`)),
  ]);

  expect(needed).toEqual([
    ["/portcullis/test", "true", undefined, "portcullis_operate", undefined],
    [
      "/portcullis/address",
      "true",
      "portcullis_view or portcullis_operate",
      "portcullis_operate",
      "portcullis_operate",
    ],
  ]);
});

describe.skipIf(skip !== null)("who may", () => {
  const analyst = { name: "bob", capabilities: ["portcullis_view"] };
  const stranger = { name: "eve", capabilities: [] };

  test("an analyst looks, and neither blocks, nor lifts, nor tests, also when restmap.conf would let him", async () => {
    const { web, firewall } = await startBoth();
    web.user = analyst;
    const wanted = { ip: address, duration: "1h", reason: "x" };

    expect(await ask(web, "GET", "portcullis/address", { ip: address })).toMatchObject({
      status: 200,
      body: { mayOperate: false },
    });
    expect((await ask(web, "POST", "portcullis/address", wanted)).status).toBe(403);
    expect((await ask(web, "DELETE", "portcullis/address", wanted)).status).toBe(403);
    expect((await ask(web, "POST", "portcullis/test")).status).toBe(403);
    for (const [handler, method] of [
      ["AddressHandler", "POST"],
      ["AddressHandler", "DELETE"],
      ["TestHandler", "POST"],
    ]) {
      const told = await straight(web, `portcullis_rest.${handler}`, {
        method: method ?? "",
        values: wanted,
      });
      expect(told.status).toBe(403);
      expect(told.payload).toContain("portcullis_operate");
    }
    expect(firewall.applied).toEqual([]);
  });

  test("a user without any of the capabilities sees nothing", async () => {
    const { web } = await startBoth();
    web.user = stranger;

    const told = await straight(web, "portcullis_rest.AddressHandler", {
      method: "GET",
      values: { ip: address },
    });

    expect(told.status).toBe(403);
    expect((await ask(web, "GET", "portcullis/address", { ip: address })).status).toBe(403);
  });

  test("a forged session is nobody's", async () => {
    const { web } = await startBoth();

    const told = await straight(web, "portcullis_rest.AddressHandler", {
      method: "POST",
      values: { ip: address, duration: "1h", reason: "x" },
      authtoken: "forged",
    });

    expect(told.status).toBe(502);
    expect(told.payload).toContain("not properly authenticated");
  });
});

describe.skipIf(skip !== null)("what comes in", () => {
  test("what is wrong is refused before anybody is asked for settings or secrets", async () => {
    const web = await startSplunk();

    const told = await straight(web, "portcullis_rest.AddressHandler", {
      method: "POST",
      values: { ip: "203.0.113.0/24", duration: "1h", reason: "x" },
    });

    expect(told.status).toBe(400);
    expect(JSON.parse(told.payload)).toMatchObject({
      code: "ADDRESS_INVALID",
      advice: expect.stringContaining("single"),
    });
    expect(web.rest.calls.map(({ path }) => path)).toEqual(["/services/authentication/current-context"]);
  });

  test("no JSON is answered, and nothing is logged", async () => {
    const told = await callHandler("portcullis_rest.AddressHandler", "[".repeat(100_000));

    expect(told.status).toBe(400);
    expect(told.log).toBe("");
  });

  test("another method is refused", async () => {
    const web = await startSplunk();

    const told = await straight(web, "portcullis_rest.TestHandler", { method: "GET", values: {} });

    expect(told.status).toBe(405);
  });

  test("a mistake of the app's own says where it was, and quotes nothing", async () => {
    const web = await startSplunk();
    web.rest.failures.set("GET /services/authentication/current-context", {
      status: 200,
      body: { entry: [{ content: { capabilities: administrator.capabilities } }] },
    });
    web.rest.failures.set("GET /servicesNS/nobody/portcullis/configs/conf-alert_actions/portcullis_block", {
      status: 200,
      body: { entry: [{ content: 7 }] },
    });

    const told = await straight(web, "portcullis_rest.TestHandler", { method: "POST", values: {} });

    expect(told.status).toBe(500);
    expect(told.log).toMatch(/^Portcullis REST handler: AttributeError at \S+settings\.py:\d+\n$/);
  });
});
