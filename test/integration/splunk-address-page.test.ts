import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromiumPath, launchBrowser, measure, watchPage } from "../fakes/browser.ts";
import { eventually } from "../fakes/eventually.ts";
import { hostileAnswer, hostileText } from "../fakes/hostile-address.ts";
import { prefix } from "../fakes/samples.ts";
import { readConf } from "../fakes/splunk-app-conf.ts";
import { splunkError } from "../fakes/splunk-rest.ts";
import type { SplunkWeb } from "../fakes/splunk-web.ts";
import { missingPrograms } from "../fakes/missing-programs.ts";
import { alertAbout } from "./api-desk.ts";
import { startBoth, startSplunk } from "./splunk-pages-desk.ts";

const skip = missingPrograms(chromiumPath, "/usr/bin/python3");
const address = "203.0.113.77";

describe.skipIf(skip !== null)("the address page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  /** @param query as it stands in the URL */
  async function open(web: SplunkWeb, query: string) {
    const { page, alarms } = await watchPage(
      browser,
      `${web.url}/en-US/app/portcullis/portcullis_address${query}`,
    );
    onTestFinished(() => page.close());
    const root = page.locator("#portcullis-address");
    return {
      page,
      root,
      alarms,
      dialog: page.getByRole("dialog"),
      button: (name: string) => page.getByRole("button", { name, exact: true }),
      says: (text: string | RegExp) => root.getByText(text).first().waitFor(),
    };
  }

  const methods = ({ rest }: SplunkWeb) =>
    rest.calls.filter(({ path }) => path.endsWith("/portcullis/address")).map(({ method }) => method);

  test("blocks and unblocks on the firewall when a person confirms, and shows how it went", async () => {
    const { web, firewall, store } = await startBoth();
    const { page, dialog, button, says, alarms } = await open(web, `?ip=${address}`);
    await says("Not blocked.");

    await button("Block…").click();
    await dialog.getByLabel("How long").selectOption("7d");
    await dialog.getByLabel("Reason").fill("scans <b>us</b>");
    await dialog.getByRole("button", { name: `Block ${address} for 7 days` }).click();
    await says(/verified on 1 of 1 firewalls/);
    const [block] = await store.standingBlocks(new Date());
    await button("Unblock…").click();
    await dialog.getByLabel("Reason").fill("our scanner");
    await dialog.getByRole("button", { name: `Unblock ${address}` }).click();
    await says("One block was lifted.");
    await says(/: lifted$/);

    expect(block?.prefix).toBe(prefix(address));
    expect(firewall.applied.map(({ kind }) => kind)).toEqual(["add", "remove"]);
    expect(await page.locator(".pc-story").textContent()).toContain(
      "Splunk user alice blocked it by hand: scans <b>us</b>",
    );
    expect(methods(web).filter((method) => method !== "GET")).toEqual(["POST", "DELETE"]);
    expect(alarms).toEqual([]);
  });

  test("the menu's links open the form, and nothing happens before somebody confirms, nor after Cancel and Escape", async () => {
    const { web, firewall } = await startBoth();
    const { page, dialog, says, button } = await open(web, `?ip=${address}&do=block`);
    await dialog.getByText(`Block ${address}`, { exact: true }).waitFor();
    const focused = await page.locator(":focus").getAttribute("id");

    // A reload does not ask again.
    await page.reload();
    await says("Not blocked.");
    const afterReload = await dialog.count();
    await button("Block…").click();
    await dialog.getByRole("button", { name: /^Block / }).click();
    await says("The reason is missing.");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await button("Block…").click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });

    expect(focused).toBe("pc-reason");
    expect(afterReload).toBe(0);
    expect(methods(web)).not.toContain("POST");
    expect(firewall.applied).toEqual([]);
  });

  test("what Portcullis refuses leaves the form open, with what was written", async () => {
    const { web } = await startBoth();
    const { dialog, says } = await open(web, "?ip=203.0.113.201&do=block");
    web.canned.set("POST /portcullis/address", {
      status: 409,
      body: {
        code: "CONFLICT",
        message: "Portcullis: New blocks are paused.",
        advice: "Nothing was changed.",
      },
    });

    await dialog.getByLabel("Reason").fill("scans us");
    await dialog.getByRole("button", { name: /^Block / }).click();
    await says("Portcullis: New blocks are paused.");

    expect(await dialog.getByLabel("Reason").inputValue()).toBe("scans us");
  });

  test("a protected address can't be blocked, and a free one not unblocked", async () => {
    const { web } = await startBoth();
    const { button, says } = await open(web, "?ip=203.0.113.200");

    await says(/it may never be/);

    expect(await button("Block…").isDisabled()).toBe(true);
    expect(await button("Unblock…").isDisabled()).toBe(true);
  });

  test("what alerts and providers brought is there", async () => {
    const desk = await startBoth({ mode: "observe" });
    desk.provider.known.set(address, 9);
    await desk.post(alertAbout(address));
    await eventually(
      "the decision",
      async () => (await desk.store.listDecisions({ limit: 1, cursor: null })).items.length > 0,
    );
    const { page, says } = await open(desk.web, `?ip=${address}`);

    await says(/Would be blocked until .* mode observe/);

    expect(await page.getByRole("heading", { level: 2 }).allTextContents()).toEqual([
      "Story",
      "Blocks",
      "Findings",
      "Decisions",
      "Sightings",
    ]);
    expect(await page.locator("table").allTextContents()).toEqual([
      expect.stringContaining("203.0.113.77/32"),
      expect.stringContaining("malicious 9"),
      expect.stringContaining("block, observe"),
      expect.stringContaining("SSH brute force"),
    ]);
  });

  test("hostile text in every field is shown as text, and leads nowhere", async () => {
    const web = await startSplunk();
    web.canned.set("GET /portcullis/address", {
      status: 200,
      body: { address: hostileAnswer(), mayOperate: true },
    });
    const { page, root, says, alarms } = await open(web, `?ip=${address}`);

    await says(/onerror/);

    expect(await root.locator("img, script, iframe, style, link, b").count()).toBe(0);
    expect(await root.locator("a").count()).toBe(0);
    expect((await root.textContent())?.split(hostileText).length).toBeGreaterThan(30);
    expect(alarms).toEqual([]);
    await page.setViewportSize({ width: 375, height: 900 });
    expect(await measure(page)).toMatchObject({ overflow: 0 });
  });

  test("who may only look sees no buttons", async () => {
    const { web } = await startBoth();
    web.user = { name: "bob", capabilities: ["portcullis_view"] };
    const { says, dialog, root } = await open(web, `?ip=${address}&do=block`);

    await says(/you need the Splunk capability portcullis_operate/);

    expect(await dialog.count()).toBe(0);
    expect(await root.getByRole("button").allTextContents()).toEqual(["Look up"]);
  });

  test("without an address it asks for one, and looks it up", async () => {
    const { web } = await startBoth();
    const { page, says } = await open(web, "");
    await says("Which address?");
    const before = methods(web);

    await page.getByLabel("IP address").fill(" 2001:DB8::7 ");
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByRole("heading", { name: "2001:db8::7" }).waitFor();

    expect(before).toEqual([]);
  });

  test.each([
    [
      "what is no address",
      "?ip=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&do=block",
      null,
      "This is not one IP address.",
    ],
    ["a token that is not set", `?ip=${address}`, "token", "No API token of Portcullis is stored in Splunk."],
    [
      "Splunk that does not answer as it should",
      `?ip=${address}`,
      "splunk",
      "Splunk answered with status 500.",
    ],
  ])("%s is told with what to do", async (_name, query, fault, message) => {
    const { web } = await startBoth();
    if (fault === "token") {
      web.rest.passwords.delete("portcullis:api_token:");
    } else if (fault === "splunk") {
      web.canned.set("GET /portcullis/address", splunkError(500, "<b>oops</b>"));
    }
    const { root, says, dialog, alarms } = await open(web, query);

    await says(message);

    expect(await root.getByRole("alert").locator("p").count()).toBe(2);
    expect(await dialog.count()).toBe(0);
    expect(alarms).toEqual([]);
  });

  test.each(["light", "dark"] as const)(
    "%s: readable and whole on wide and narrow screens, also with the form open",
    async (theme) => {
      const web = await startSplunk();
      web.theme = theme;
      web.canned.set("GET /portcullis/address", {
        status: 200,
        body: { address: hostileAnswer("a long text of no harm"), mayOperate: true },
      });
      const { page, dialog } = await open(web, `?ip=${address}&do=block`);
      await dialog.waitFor();

      for (const width of [1200, 375]) {
        await page.setViewportSize({ width, height: 900 });
        const { texts, ...faults } = await measure(page);
        expect(texts).toBeGreaterThan(30);
        expect(faults).toEqual({ faint: [], overflow: 0, nameless: [] });
      }
    },
  );

  test("each entry of the fields' menus leads to this page with the value encoded, and acts on nothing", async () => {
    const stanzas = [...readConf("workflow_actions.conf").values()];
    const wanted = ["src_ip", "src", "ip", "clientip"].flatMap((field) =>
      ["", "&do=block", "&do=unblock"].map(
        (rest) => `/app/portcullis/portcullis_address?ip=$${field}$${rest}`,
      ),
    );

    expect(stanzas.map((keys) => keys.get("link.uri"))).toEqual(wanted);
    for (const keys of stanzas) {
      const field = keys.get("fields") ?? "";
      expect(keys.get("link.uri")).toContain(`$${field}$`);
      expect(keys.get("label")).toContain(`$${field}$`);
      expect([keys.get("type"), keys.get("link.method")]).toEqual(["link", "get"]);
    }
  });
});
