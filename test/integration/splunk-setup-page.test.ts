import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromiumPath, launchBrowser, measure, watchPage } from "../fakes/browser.ts";
import { missingPrograms } from "../fakes/missing-programs.ts";
import { splunkError } from "../fakes/splunk-rest.ts";
import type { SplunkWeb } from "../fakes/splunk-web.ts";
import { startBoth, startSplunk } from "./splunk-pages-desk.ts";

const skip = missingPrograms(chromiumPath, "/usr/bin/python3");
const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const stanza = "/servicesNS/nobody/portcullis/configs/conf-alert_actions/portcullis_block";
const passwords = "/servicesNS/nobody/portcullis/storage/passwords";
const signingName = "portcullis:signing_secret:";
const tokenName = "portcullis:api_token:";

describe.skipIf(skip !== null)("the setup page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function open(web: SplunkWeb) {
    const { page, alarms } = await watchPage(browser, `${web.url}/en-US/app/portcullis/portcullis_setup`);
    onTestFinished(() => page.close());
    const outcome = page.locator(".pc-outcome");
    return {
      page,
      alarms,
      outcome,
      field: (label: string) => page.locator("input").and(page.getByLabel(label)),
      save: () => page.getByRole("button", { name: "Save", exact: true }).click(),
      test: () => page.getByRole("button", { name: "Send test" }).click(),
      says: (text: string | RegExp) => outcome.getByText(text).waitFor(),
    };
  }

  const changes = ({ rest }: SplunkWeb) => rest.calls.filter(({ method }) => method !== "GET");

  test("takes a receiver into use, keeps the secrets in Splunk, and the test arrives", async () => {
    const { web, app, store, signingSecret, apiToken } = await startBoth();
    web.rest.stanza["param.url"] = "";
    web.rest.passwords.clear();
    const { field, save, test, says, page, outcome, alarms } = await open(web);

    await field("URL of the receiver").fill(` ${app.url()} `);
    await field("Signing secret").fill(signingSecret);
    await field("API token").fill(apiToken);
    await save();
    await says("Saved.");
    await test();
    await says("Portcullis accepted the test.");

    expect(web.rest.stanza).toEqual({ "param.url": app.url(), "param.ca_file": "", "param.allow_http": "0" });
    expect([...web.rest.passwords]).toEqual([
      [signingName, signingSecret],
      [tokenName, apiToken],
    ]);
    expect(web.rest.app).toEqual({ configured: true, reloads: 1 });
    const [alert] = (await store.listAlerts({ limit: 1, cursor: null })).items;
    expect(await outcome.textContent()).toContain(alert?.id);
    expect(await field("Signing secret").inputValue()).toBe("");
    expect(await page.locator(":focus").getAttribute("class")).toBe("pc-outcome");
    expect(alarms).toEqual([]);
  });

  test("what is stored is never sent to the browser, stays when nothing is entered, and is replaced by what is", async () => {
    const web = await startSplunk();
    web.rest.stanza["param.url"] = "https://one.example.net";
    web.rest.passwords.set(signingName, "whsec_b2xk");
    web.rest.passwords.set(tokenName, "old-token");
    web.rest.passwords.set("other:signing_secret:", "of-another-app");
    const { field, save, says, page } = await open(web);

    await page.getByText("The signing secret is stored.").waitFor();
    const read = web.sent.join("\n");
    await field("CA file (optional)").fill("$SPLUNK_HOME/etc/auth/ca.pem");
    await field("Signing secret").fill(secret);
    await save();
    await says("Saved.");

    expect(read).not.toMatch(/b2xk|old-token|of-another-app|clear_password/);
    expect(web.rest.passwords.get(signingName)).toBe(secret);
    expect(web.rest.passwords.get(tokenName)).toBe("old-token");
    expect(web.rest.stanza).toMatchObject({
      "param.url": "https://one.example.net",
      "param.ca_file": "$SPLUNK_HOME/etc/auth/ca.pem",
    });
  });

  test("a secret of another app alone is none of ours", async () => {
    const web = await startSplunk();
    web.rest.passwords.set("other:signing_secret:", "of-another-app");

    const { page } = await open(web);

    await page.getByText("API token is").waitFor();

    expect(await page.getByText("The signing secret is not stored yet.").count()).toBe(1);
  });

  test("a secret that somebody else stored meanwhile is replaced", async () => {
    const web = await startSplunk();
    const { field, save, says } = await open(web);
    await field("URL of the receiver").fill("https://one.example.net");
    await field("Signing secret").fill(secret);
    web.rest.passwords.set(signingName, "whsec_b2xk");

    await save();
    await says("Saved.");

    expect(web.rest.passwords.get(signingName)).toBe(secret);
  });

  test("what is wrong is said before anything is sent, and the field has the focus", async () => {
    const web = await startSplunk();
    const { field, save, says, page } = await open(web);

    await save();
    await says("The URL can't be used.");
    const first = await page.locator(":focus").getAttribute("id");
    await field("URL of the receiver").fill("https://one.example.net");
    await save();
    await says("The signing secret can't be used.");

    expect(first).toBe("pc-url");
    expect(await page.locator(":focus").getAttribute("id")).toBe("pc-signing-secret");
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(1);
    expect(changes(web)).toEqual([]);
  });

  test.each([
    ["the address", `POST ${stanza}`, "The receiver's address was not saved", false],
    ["the secret", `POST ${passwords}`, "The signing secret was not saved", true],
    [
      "the end",
      "POST /servicesNS/nobody/portcullis/apps/local/portcullis",
      "All is saved, but Splunk could not note",
      true,
    ],
  ])("a failure at %s says how far it came", async (_name, call, message, isAddressSaved) => {
    const web = await startSplunk();
    web.rest.failures.set(call, splunkError(403, "<b>You</b> lack edit_x"));
    const { field, save, says, outcome } = await open(web);
    await field("URL of the receiver").fill("https://one.example.net");
    await field("Signing secret").fill(secret);

    await save();
    await says(message);

    expect(await outcome.textContent()).toContain("<b>You</b> lack edit_x");
    expect(web.rest.stanza["param.url"]).toBe(isAddressSaved ? "https://one.example.net" : "");
    expect(web.rest.app.configured).toBe(false);
    // What was not saved is still there, to be sent again.
    expect(await field("Signing secret").inputValue()).toBe(call.endsWith("portcullis") ? "" : secret);
  });

  test("whoever may not list secrets is told so, and sees no form", async () => {
    const web = await startSplunk();
    web.user = { name: "bob", capabilities: [] };

    const { page } = await open(web);

    await page.getByText("This page needs a role that may change settings").waitFor();
    expect(await page.locator("form").count()).toBe(0);
  });

  test("the test is about what is saved: a change must be saved first", async () => {
    const { web } = await startBoth();
    const { field, test, says } = await open(web);

    await field("URL of the receiver").fill("https://another.example.net");
    await test();
    await says("Save first.");

    expect(changes(web)).toEqual([]);
  });

  test("what is wrong with the test is told with what to do, and shown as text", async () => {
    const { web } = await startBoth();
    const body = { code: "X", message: "<img src=x onerror=alert(1)>", advice: "<script>alert(2)</script>" };
    web.canned.set("POST /portcullis/test", { status: 502, body });
    const { test, says, alarms, page } = await open(web);

    await test();
    await says("<img src=x onerror=alert(1)>");
    await says("<script>alert(2)</script>");

    expect(await page.locator("#portcullis-setup img").count()).toBe(0);
    expect(alarms).toEqual([]);
  });

  test("Splunk's own errors are explained", async () => {
    const { web } = await startBoth();
    const { test, says, outcome } = await open(web);

    for (const [status, message] of [
      [401, "You are not logged in to Splunk any more."],
      [404, "Splunk does not know what this page asks for."],
      [500, "Splunk answered with status 500."],
    ] as const) {
      web.canned.set("POST /portcullis/test", splunkError(status, `in splunkd's words: ${status}`));
      await test();
      await says(message);
      expect(await outcome.textContent()).toContain(`in splunkd's words: ${status}`);
    }
  });

  test("the API token can be removed, and the rest stays", async () => {
    const { web } = await startBoth();
    const { page, says } = await open(web);

    await page.getByRole("button", { name: "Remove the API token" }).click();
    await says("The API token is removed from Splunk.");

    expect([...web.rest.passwords.keys()]).toEqual([signingName]);
    expect(await page.getByRole("button", { name: "Remove the API token" }).count()).toBe(0);
  });

  test.each(["light", "dark"] as const)(
    "%s: readable and whole on wide and narrow screens",
    async (theme) => {
      const web = await startSplunk();
      web.theme = theme;
      const { page, save, says } = await open(web);
      await save();
      await says(/must look like/);

      for (const width of [1200, 375]) {
        await page.setViewportSize({ width, height: 900 });
        const { texts, ...faults } = await measure(page);
        expect(texts).toBeGreaterThan(20);
        expect(faults).toEqual({ faint: [], overflow: 0, nameless: [] });
      }
    },
  );
});
