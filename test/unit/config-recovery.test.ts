import { describe, expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();
const api = { SPLUNK_HOST: "splunk.example.net", SPLUNK_TOKEN: "a-token" };

describe("splunk: in portcullis.yaml", () => {
  test("need not be there", async () => {
    const { config } = await desk.load();

    expect(config.recovery).toEqual({ requireGenuine: false, catchUpSeconds: 300 });
  });

  test("says whether alerts must be confirmed, and how often missed ones are looked for", async () => {
    desk.put("portcullis.yaml", "splunk: {requireGenuine: true, catchUpEvery: 10m}");

    const { config } = await desk.load(api);

    expect(config.recovery).toEqual({ requireGenuine: true, catchUpSeconds: 600 });
  });

  test.each([
    ["nothing", {}],
    ["only its host", { SPLUNK_HOST: "splunk.example.net" }],
    ["no host", { SPLUNK_TOKEN: "a-token" }],
  ])("can't require confirmations with %s of the API set", async (_what, env) => {
    desk.put("portcullis.yaml", "splunk: {requireGenuine: true}");

    expect(await desk.problemsOf(env)).toContainEqual(
      expect.stringContaining("splunk.requireGenuine: only Splunk's API can confirm alerts: set SPLUNK_HOST"),
    );
  });

  test("with a user in place of the token is enough", async () => {
    desk.put("portcullis.yaml", "splunk: {requireGenuine: true}");

    expect(
      await desk.problemsOf({ SPLUNK_HOST: "splunk.example.net", SPLUNK_USER: "us", SPLUNK_PASSWORD: "pw" }),
    ).toEqual([]);
  });

  test("is not asked more often than once a minute", async () => {
    desk.put("portcullis.yaml", "splunk: {catchUpEvery: 59s}");

    expect(await desk.problemsOf()).toEqual([
      expect.stringContaining("splunk.catchUpEvery: expected a duration"),
    ]);
  });
});

test("a search may be expected to send something now and then", async () => {
  desk.put("portcullis.yaml", "searches: [{name: SSH, expectEvery: 24h}, {name: RDP}]");

  const { config } = await desk.load();

  expect(config.searches.map(({ expectSeconds }) => expectSeconds)).toEqual([86_400, null]);
});
