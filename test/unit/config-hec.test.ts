import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { showConfig } from "../../src/config/show-config.ts";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();
const { load, problemsOf } = desk;
const place = { SPLUNK_HEC_URL: "https://splunk.example.com:8088", SPLUNK_HEC_TOKEN: "hunter2-hec" };
const certificate = join(import.meta.dirname, "../fixtures/tls/localhost.crt");

describe("Splunk's event collector", () => {
  test("is off without its URL; what belongs to it is warned of", async () => {
    expect(await load({})).toMatchObject({ config: { hec: null }, warnings: [] });
    const { warnings } = await load({ SPLUNK_HEC_TOKEN: "t", SPLUNK_HEC_INDEX: "main" });

    expect(warnings).toEqual(["SPLUNK_HEC_TOKEN, SPLUNK_HEC_INDEX: no effect without SPLUNK_HEC_URL"]);
  });

  test("needs a token, from the environment or from a file", async () => {
    expect(await problemsOf({ SPLUNK_HEC_URL: place.SPLUNK_HEC_URL })).toEqual([
      "SPLUNK_HEC_TOKEN: SPLUNK_HEC_URL needs it: the token of the HTTP Event Collector",
    ]);
    const { config } = await load({
      SPLUNK_HEC_URL: place.SPLUNK_HEC_URL,
      SPLUNK_HEC_TOKEN_FILE: desk.put("token", "from-file\n"),
    });

    expect(config.hec).toEqual({
      url: "https://splunk.example.com:8088",
      token: "from-file",
      index: null,
      ca: null,
      certSha256: null,
    });
  });

  test("takes an index, a CA and a fingerprint", async () => {
    const { config } = await load({
      ...place,
      SPLUNK_HEC_INDEX: "portcullis",
      SPLUNK_HEC_CA_FILE: certificate,
      SPLUNK_HEC_CERT_SHA256: "AB:".repeat(31) + "AB",
    });

    expect(config.hec).toMatchObject({
      index: "portcullis",
      ca: readFileSync(certificate, "utf8"),
      certSha256: "ab".repeat(32),
    });
  });

  test.each([
    ["https://splunk.example.com:8088/", "https://splunk.example.com:8088"],
    ["https://splunk.example.com:8088/services/collector/event", "https://splunk.example.com:8088"],
    [
      "https://http-inputs-acme.splunkcloud.com/services/collector",
      "https://http-inputs-acme.splunkcloud.com",
    ],
    ["https://proxy.example.com/splunk/", "https://proxy.example.com/splunk"],
    ["https://[2001:db8::8]:8088", "https://[2001:db8::8]:8088"],
    ["http://127.0.0.1:8088", "http://127.0.0.1:8088"],
    ["http://[::1]:8088", "http://[::1]:8088"],
  ])("takes %s", async (SPLUNK_HEC_URL, url) => {
    const { config } = await load({ ...place, SPLUNK_HEC_URL });

    expect(config.hec?.url).toBe(url);
  });

  test.each([
    "http://splunk.example.com:8088",
    "splunk.example.com:8088",
    "https://hunter2@splunk.example.com",
    "https://splunk.example.com/?token=hunter2",
    "ftp://127.0.0.1",
  ])("refuses %s, without repeating it", async (SPLUNK_HEC_URL) => {
    const problems = await problemsOf({ ...place, SPLUNK_HEC_URL });

    expect(problems).toEqual([expect.stringMatching(/^SPLUNK_HEC_URL: expected an https URL like /)]);
    expect(problems.join()).not.toContain("hunter2");
  });

  test("tells all that is wrong at once", async () => {
    const problems = await problemsOf({
      SPLUNK_HEC_URL: "https://splunk.example.com",
      SPLUNK_HEC_TOKEN: "hunter2 with a space",
      SPLUNK_HEC_INDEX: "-Main",
      SPLUNK_HEC_CA_FILE: desk.put("ca", "no certificate"),
      SPLUNK_HEC_CERT_SHA256: "12",
    });

    expect(problems.map((line) => line.split(":")[0])).toEqual([
      "SPLUNK_HEC_TOKEN",
      "SPLUNK_HEC_INDEX",
      "SPLUNK_HEC_CA_FILE",
      "SPLUNK_HEC_CERT_SHA256",
    ]);
    expect(problems.join()).not.toContain("hunter2");
  });

  test("without TLS says that certificates have no effect", async () => {
    const { warnings } = await load({
      ...place,
      SPLUNK_HEC_URL: "http://localhost:8088",
      SPLUNK_HEC_CERT_SHA256: "ab".repeat(32),
    });

    expect(warnings).toEqual(["SPLUNK_HEC_CERT_SHA256: no effect on an http URL"]);
  });

  test("is shown without its token", async () => {
    const { config } = await load({ ...place, SPLUNK_HEC_INDEX: "main" });

    const shown = showConfig(config);
    expect(shown).not.toContain("hunter2");
    expect(shown).toMatch(/^SPLUNK_HEC_TOKEN +set$/m);
    expect(shown).toMatch(/^SPLUNK_HEC_INDEX +main$/m);
  });
});
