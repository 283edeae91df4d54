import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createConfigDesk, defaults, versionOf } from "./config-desk.ts";
import { newKeyPair } from "../fakes/ssh-key.ts";

const desk = createConfigDesk();
const { load, problemsOf, put } = desk;

const keyPair = newKeyPair();
const pin = `SHA256:${"A".repeat(43)}`;
const tlsFile = (name: string): string => join(import.meta.dirname, "../fixtures/tls", name);

describe("without any setting", () => {
  test("everything has its default, and secrets are generated", async () => {
    const { config, warnings } = await load();

    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      host: "0.0.0.0",
      port: 8080,
      dataDir: join(desk.cwd(), "data"),
      databaseUrl: `sqlite:${join(desk.cwd(), "data", "portcullis.db")}`,
      mode: "observe",
      generatedSecrets: ["WEBHOOK_TOKEN", "WEBHOOK_SIGNING_SECRET", "ADMIN_TOKEN"],
      webhookSources: null,
      tls: null,
      trustProxy: [],
      splunkHost: null,
      splunk: null,
      virustotal: null,
      abuseipdb: null,
      greynoise: null,
      findings: { known: 43_200, unknown: 3600, failed: 900 },
      lists: { spamhausUrl: "https://www.spamhaus.org/drop", abuseipdbBlacklist: false },
      protection: { crawlers: ["googlebot", "bingbot"], cdns: [], refreshCdns: true },
      receiver: { perSource: 1_000_000, perToken: 2_000_000 },
      limits: {
        perMinute: 100,
        perHour: 500,
        perSearch: 250,
        perNetwork: 100,
        perAs: 200,
        active: 200_000,
      },
      searches: [],
      shadow: null,
      firewalls: [],
      mail: null,
      allowlist: [],
      allowDocumentationAddresses: false,
      logRules: { threshold: 5, windowSeconds: 2100 },
      logLevel: "info",
      extract: defaults.extract,
      policy: { ...defaults.policy, version: versionOf(defaults.policy) },
    });
  });

  test("proxies to the services are known, so that they can't be blocked", async () => {
    const { config } = await load({
      HTTPS_PROXY: "http://user:secret@192.0.2.8:3128",
      http_proxy: "http://[2001:db8::8]:3128",
    });

    expect(config.proxyHosts).toEqual(["192.0.2.8", "2001:db8::8"]);
  });

  test("an empty variable counts as not set", async () => {
    const { config } = await load({ PORT: "", SMTP_SERVER: " ", SSH_PASSWORD_FILE: "", MODE: "" });

    expect(config).toMatchObject({ port: 8080, mail: null, firewalls: [], mode: "observe" });
  });
});

test("every setting reaches the configuration", async () => {
  put("vt.key", "vt-key-from-a-file\n");
  put("id", keyPair.private);

  const { config, warnings } = await load({
    HOST: "127.0.0.1",
    PORT: "9000",
    DATA_DIR: "/var/lib/portcullis",
    DATABASE_URL: "postgresql://u:p@db.example.com/portcullis",
    MODE: "enforce",
    WEBHOOK_TOKEN: "token-number-one-1, token-number-two-2",
    WEBHOOK_SIGNING_SECRET: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
    ADMIN_TOKEN: "admin-token-0123456789",
    WEBHOOK_SOURCES: "10.0.0.0/8,2001:db8::1",
    TLS_CERT_FILE: tlsFile("localhost.crt"),
    TLS_KEY_FILE: tlsFile("localhost.key"),
    TLS_CLIENT_CA_FILE: tlsFile("localhost.crt"),
    TRUST_PROXY: "127.0.0.1",
    SPLUNK_HOST: "splunk.example.com",
    SPLUNK_PORT: "8090",
    SPLUNK_TOKEN: "splunk.token",
    SPLUNK_CA_FILE: tlsFile("localhost.crt"),
    SPLUNK_CERT_SHA256: "AB:".repeat(31) + "CD",
    VIRUSTOTAL_API_KEY_FILE: "vt.key",
    VIRUSTOTAL_URL: "http://127.0.0.1:8001/api/v3/",
    ABUSEIPDB_API_KEY: "abuse-key",
    GREYNOISE_API_KEY: "grey-key",
    GREYNOISE_URL: "http://127.0.0.1:8002",
    SPAMHAUS_URL: "http://127.0.0.1:8003/drop/",
    SSH_HOST: "FW1.example.com",
    SSH_PORT: "2222",
    SSH_USER: "portcullis",
    SSH_PRIVATE_KEY_FILE: "id",
    SSH_HOST_KEY: pin,
    SMTP_SERVER: "mail.example.com",
    SMTP_TLS: "tls",
    SMTP_USER: "soc",
    SMTP_PASSWORD: "with space",
    MAIL_FROM: "portcullis@example.com",
    ADMIN_EMAIL: "soc@example.com, boss@example.com",
    ALLOWLIST: "198.51.100.0/24,192.0.2.7",
    ALLOW_DOCUMENTATION_ADDRESSES: "true",
    BRUTE_FORCE_THRESHOLD: "7",
    LOOKBACK_MINUTES: "10",
    LOG_LEVEL: "debug",
  });

  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    host: "127.0.0.1",
    port: 9000,
    dataDir: "/var/lib/portcullis",
    databaseUrl: "postgres://u:p@db.example.com/portcullis",
    mode: "enforce",
    webhookTokens: ["token-number-one-1", "token-number-two-2"],
    adminToken: "admin-token-0123456789",
    generatedSecrets: [],
    webhookSources: ["10.0.0.0/8", "2001:db8::1/128"],
    trustProxy: ["127.0.0.1/32"],
    splunkHost: "splunk.example.com",
    splunk: {
      host: "splunk.example.com",
      port: 8090,
      login: { kind: "token", token: "splunk.token" },
      ca: expect.stringContaining("BEGIN CERTIFICATE"),
      certSha256: `${"ab".repeat(31)}cd`,
    },
    virustotal: { apiKey: "vt-key-from-a-file", url: "http://127.0.0.1:8001/api/v3", quota: {} },
    abuseipdb: { apiKey: "abuse-key", url: "https://api.abuseipdb.com/api/v2", quota: {} },
    greynoise: { apiKey: "grey-key", url: "http://127.0.0.1:8002", quota: {} },
    lists: { spamhausUrl: "http://127.0.0.1:8003/drop", abuseipdbBlacklist: true },
    firewalls: [
      {
        name: "fw1.example.com",
        host: "FW1.example.com",
        port: 2222,
        user: "portcullis",
        password: null,
        privateKey: keyPair.private,
        hostKeys: [pin],
        knownHosts: null,
        via: "sudo",
      },
    ],
    mail: {
      server: "mail.example.com",
      port: 465,
      tls: "tls",
      user: "soc",
      password: "with space",
      from: "portcullis@example.com",
      to: ["soc@example.com", "boss@example.com"],
    },
    allowlist: [
      { id: "ALLOWLIST", prefix: "198.51.100.0/24", actor: "settings", expiresAt: null },
      { id: "ALLOWLIST", prefix: "192.0.2.7/32", reason: "", owner: "" },
    ],
    allowDocumentationAddresses: true,
    logRules: { threshold: 7, windowSeconds: 600 },
    logLevel: "debug",
  });
  expect(config.tls?.clientCa).toContain("BEGIN CERTIFICATE");
});

test.each(["0", "1", "65535"])("PORT %s is right", async (port) => {
  expect((await load({ PORT: port })).config.port).toBe(Number(port));
});

describe("a secret in a file", () => {
  test.each([
    ["s3cret\n", "s3cret"],
    ["s3cret\r\n", "s3cret"],
    [" s3cret ", " s3cret "],
  ])("%j is read as %j", async (content, expected) => {
    put("password", content);

    const { config } = await load({
      SMTP_SERVER: "localhost",
      ADMIN_EMAIL: "a@example.com",
      SMTP_USER: "u",
      SMTP_PASSWORD_FILE: "password",
    });

    expect(config.mail?.password).toBe(expected);
  });

  test("with nothing in it is a problem", async () => {
    put("password", "\n");

    expect(await problemsOf({ SMTP_PASSWORD_FILE: "password" })).toEqual([
      "SMTP_PASSWORD_FILE: expected one line of text",
    ]);
  });
});

describe("an SSH key", () => {
  const server = { SSH_HOST: "fw", SSH_USER: "root", SSH_PRIVATE_KEY_FILE: "id" };

  test.each([
    ["nonsense", "not a key that can be read", "nonsense"],
    ["a public key", "this is a public key; expected the private one", keyPair.public],
    ["a protected key", "the key is protected by a passphrase", newKeyPair("x").private],
  ])("that is %s is refused", async (_name, reason, content) => {
    put("id", content);

    expect((await problemsOf(server))[0]).toContain(`SSH_PRIVATE_KEY_FILE: ${reason}`);
  });

  test("that is right is taken, and root needs no sudo", async () => {
    put("id", keyPair.private);

    const { config, warnings } = await load(server);

    expect(config.firewalls[0]).toMatchObject({ name: "fw", via: "root", privateKey: keyPair.private });
    expect(warnings).toEqual([expect.stringMatching(/^firewall fw: no host key is pinned/)]);
  });
});

describe("the sender of mails", () => {
  const server = { SMTP_SERVER: "localhost", ADMIN_EMAIL: "soc@example.com" };

  test.each([
    ["fw-control.example.net", "portcullis@fw-control.example.net"],
    ["3f2a9c", "portcullis@example.com"],
    ["bad_host..name", "portcullis@example.com"],
  ])("on host %s is %s", async (hostname, from) => {
    expect((await load(server, { hostname })).config.mail?.from).toBe(from);
  });
});

test("a directory for data in a directory that does not exist yet is made", async () => {
  mkdirSync(join(desk.cwd(), "a"));

  await load({ DATA_DIR: "a/b/c" });

  expect((await load({ DATA_DIR: "a/b/c" })).config.generatedSecrets).toEqual([]);
});
