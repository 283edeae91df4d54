import { expect, test } from "vitest";
import { firstScreen } from "../../src/cli/first-screen.ts";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();

test.each([
  [{}, "only networks on Spamhaus DROP can be blocked."],
  [{ GREYNOISE_API_KEY: "k" }, "can be blocked, unless a rule asks GreyNoise."],
  [{ VIRUSTOTAL_API_KEY: "k" }, "only the other one is asked"],
])("with %j the first screen says what follows from the keys that are missing", async (env, words) => {
  const { config } = await desk.load(env);

  const screen = firstScreen(config, { version: "1", hostname: "soc1", url: "http://127.0.0.1:8080" });

  expect(screen).toContain(words);
});

test("without Spamhaus DROP and keys it says that nobody will be blocked", async () => {
  desk.put("portcullis.yaml", "lists: { spamhausDrop: false }\n");
  const { config } = await desk.load();

  const screen = firstScreen(config, { version: "1", hostname: "soc1", url: "http://127.0.0.1:8080" });

  expect(screen).toContain("no address can be confirmed as an attacker, so none will be blocked");
});

test.each([
  [{}, true],
  [{ SPLUNK_HEC_URL: "https://splunk.example.net:8088", SPLUNK_HEC_TOKEN: "t" }, false],
])("with %j it says whether Splunk is told anything", async (env, isMissing) => {
  const { config } = await desk.load(env);

  const screen = firstScreen(config, { version: "1", hostname: "soc1", url: "http://127.0.0.1:8080" });

  expect(screen.includes("the dashboards of the Splunk app stay empty")).toBe(isMissing);
});
