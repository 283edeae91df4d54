import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { showConfig } from "../../src/config/show-config.ts";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();
const { load, problemsOf } = desk;
const host = { SPLUNK_HOST: "splunk.example.com" };
const certificate = join(import.meta.dirname, "../fixtures/tls/localhost.crt");

describe("Splunk's API", () => {
  test("is off without a login, and the host is protected all the same", async () => {
    const { config, warnings } = await load(host);

    expect(config).toMatchObject({ splunkHost: "splunk.example.com", splunk: null });
    expect(warnings).toEqual([
      "SPLUNK_HOST: without SPLUNK_TOKEN (or SPLUNK_USER and SPLUNK_PASSWORD) only the first row of a digest alert is processed",
    ]);
  });

  test.each([
    ["a token", { SPLUNK_TOKEN: "t.o.k" }, { kind: "token", token: "t.o.k" }],
    [
      "user and password",
      { SPLUNK_USER: "portcullis", SPLUNK_PASSWORD: "pass word" },
      { kind: "user", user: "portcullis", password: "pass word" },
    ],
  ])("is on with %s", async (_what, env, login) => {
    const { config, warnings } = await load({ ...host, ...env });

    expect(config.splunk).toEqual({
      host: "splunk.example.com",
      port: 8089,
      login,
      ca: null,
      certSha256: null,
    });
    expect(warnings).toEqual([]);
  });

  test("takes secrets from files", async () => {
    const { config } = await load({ ...host, SPLUNK_TOKEN_FILE: desk.put("token", "t.o.k\n") });

    expect(config.splunk?.login).toEqual({ kind: "token", token: "t.o.k" });
  });

  test.each([`${"AB:".repeat(31)}AB`, "ab".repeat(32), "Ab".repeat(32)])(
    "takes the fingerprint as %s",
    async (SPLUNK_CERT_SHA256) => {
      const { config } = await load({ ...host, SPLUNK_TOKEN: "t", SPLUNK_CERT_SHA256 });

      expect(config.splunk?.certSha256).toBe("ab".repeat(32));
    },
  );

  test("takes a CA and a fingerprint together", async () => {
    const { config } = await load({
      ...host,
      SPLUNK_TOKEN: "t",
      SPLUNK_CA_FILE: certificate,
      SPLUNK_CERT_SHA256: "ab".repeat(32),
    });

    expect(config.splunk).toMatchObject({
      ca: readFileSync(certificate, "utf8"),
      certSha256: "ab".repeat(32),
    });
  });

  test.each([
    [{ SPLUNK_TOKEN: "hunter2-token" }, { TOKEN: "set", USER: "not set", PASSWORD: "not set" }],
    [
      { SPLUNK_USER: "hunter2-user", SPLUNK_PASSWORD: "hunter2" },
      { TOKEN: "not set", USER: "set", PASSWORD: "set" },
    ],
  ])("is shown without its secrets: %o", async (env, login) => {
    const { config } = await load({ ...host, ...env, SPLUNK_CERT_SHA256: "ab".repeat(32) });

    const shown = showConfig(config);

    expect(shown).not.toContain("hunter2");
    const lines = [...shown.matchAll(/^SPLUNK_(?!HEC)(\S+) +(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(lines)).toEqual({
      HOST: "splunk.example.com",
      PORT: "8089",
      ...login,
      CA_FILE: "not set",
      CERT_SHA256: "ab".repeat(32),
    });
  });

  test("warns of what has no effect without a login", async () => {
    const { warnings } = await load({ SPLUNK_PORT: "8090", SPLUNK_CERT_SHA256: "ab".repeat(32) });

    expect(warnings).toEqual([
      "SPLUNK_PORT, SPLUNK_CERT_SHA256: no effect without SPLUNK_TOKEN, or SPLUNK_USER and SPLUNK_PASSWORD",
    ]);
  });

  test("warns of a CA whose time is over", async () => {
    const { warnings } = await load(
      { ...host, SPLUNK_TOKEN: "t", SPLUNK_CA_FILE: certificate },
      { now: () => new Date("2200-01-01T00:00:00Z") },
    );

    expect(warnings).toEqual([expect.stringMatching(/^SPLUNK_CA_FILE: the certificate ended on /)]);
  });

  test.each([
    [{ SPLUNK_TOKEN: "t" }, /^SPLUNK_HOST: set it to Splunk's host/],
    [{ SPLUNK_USER: "u", SPLUNK_PASSWORD: "p" }, /^SPLUNK_HOST: set it to Splunk's host/],
    [{ ...host, SPLUNK_USER: "u" }, /^SPLUNK_USER: set both/],
    [{ ...host, SPLUNK_PASSWORD: "p" }, /^SPLUNK_USER: set both/],
    [
      { ...host, SPLUNK_TOKEN: "t", SPLUNK_USER: "u", SPLUNK_PASSWORD: "p" },
      /^SPLUNK_TOKEN: set SPLUNK_TOKEN, or/,
    ],
    [{ ...host, SPLUNK_TOKEN: "two words" }, /^SPLUNK_TOKEN: expected a token/],
    [{ ...host, SPLUNK_TOKEN: "t", SPLUNK_PORT: "0" }, /^SPLUNK_PORT: expected a whole number/],
    [{ ...host, SPLUNK_TOKEN: "t", SPLUNK_CERT_SHA256: "zz" }, /^SPLUNK_CERT_SHA256: expected 64/],
    [
      { ...host, SPLUNK_TOKEN: "t", SPLUNK_CA_FILE: "absent" },
      /^SPLUNK_CA_FILE: the file it names can't be read/,
    ],
  ])("refuses %o", async (env, problem) => {
    expect(await problemsOf(env)).toEqual([expect.stringMatching(problem)]);
  });
});
