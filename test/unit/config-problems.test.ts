import { join } from "node:path";
import { expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";
import { settings } from "../../src/config/setting-names.ts";

const desk = createConfigDesk();
const { problemsOf, put } = desk;

const pin = `SHA256:${"A".repeat(43)}`;
const tlsFile = (name: string): string => join(import.meta.dirname, "../fixtures/tls", name);

const problemCases: readonly (readonly [setting: string, env: Record<string, string>, told: RegExp])[] = [
  ["PORT", { PORT: "65536" }, /^PORT: expected a whole number from 0 to 65535$/],
  ["PORT", { PORT: "80a" }, /^PORT: expected a whole number/],
  ["PORT", { PORT: "-1" }, /^PORT: expected a whole number/],
  ["PORT", { PORT: "0x50" }, /^PORT: expected a whole number/],
  ["SMTP_PORT", { SMTP_PORT: "0" }, /^SMTP_PORT: expected a whole number from 1/],
  ["SMTP_PORT", { SMTP_PORT: "tcp://10.0.0.1:25" }, /^SMTP_PORT: .*enableServiceLinks/],
  ["HOST", { HOST: "http://0.0.0.0" }, /^HOST: expected a host name or an IP address/],
  ["HOST", { HOST: "010.0.0.1" }, /^HOST: expected a host name/],
  ["MODE", { MODE: "Enforce" }, /^MODE: expected one of observe, approve, enforce$/],
  ["LOG_LEVEL", { LOG_LEVEL: "loud" }, /^LOG_LEVEL: expected one of trace/],
  [
    "ALLOW_DOC",
    { ALLOW_DOCUMENTATION_ADDRESSES: "yes" },
    /^ALLOW_DOCUMENTATION_ADDRESSES: expected one of true, false$/,
  ],
  [
    "ALLOWLIST",
    { ALLOWLIST: "10.0.0.1/8" },
    /^ALLOWLIST: expected an IP address or a network .* no host bits/,
  ],
  ["ALLOWLIST", { ALLOWLIST: "10.0.0.0/8,,10.0.0.1" }, /^ALLOWLIST: expected .*, in each place$/],
  ["TRUST_PROXY", { TRUST_PROXY: "true" }, /^TRUST_PROXY: expected an IP address/],
  ["WEBHOOK_SOURCES", { WEBHOOK_SOURCES: "splunk.example.com" }, /^WEBHOOK_SOURCES: expected an IP address/],
  [
    "DATABASE_URL",
    { DATABASE_URL: "mysql://x" },
    /^DATABASE_URL: expected sqlite: and a file's path, or postgres:/,
  ],
  ["DATABASE_URL", { DATABASE_URL: "sqlite::memory:" }, /^DATABASE_URL: expected sqlite:/],
  ["DATABASE_URL", { DATABASE_URL: "sqlite://data/x.db" }, /^DATABASE_URL: expected sqlite:/],
  ["WEBHOOK_TOKEN", { WEBHOOK_TOKEN: "short" }, /^WEBHOOK_TOKEN: expected at least 16 of the characters/],
  ["WEBHOOK_TOKEN", { WEBHOOK_TOKEN: "slash/slash/slash/slash" }, /^WEBHOOK_TOKEN: expected at least 16/],
  [
    "WEBHOOK_TOKEN",
    { WEBHOOK_TOKEN: Array(3).fill("0123456789abcdef").join(",") },
    /^WEBHOOK_TOKEN: expected at most 2 values/,
  ],
  [
    "WEBHOOK_SIGNING_SECRET",
    { WEBHOOK_SIGNING_SECRET: "whsec_c2hvcnQ=" },
    /^WEBHOOK_SIGNING_SECRET: expected whsec_/,
  ],
  ["ADMIN_TOKEN", { ADMIN_TOKEN: "has spaces in the middle" }, /^ADMIN_TOKEN: expected at least 16/],
  [
    "ADMIN_TOKEN",
    { ADMIN_TOKEN: "0123456789abcdef", WEBHOOK_TOKEN: "0123456789abcdef" },
    /^ADMIN_TOKEN: must differ/,
  ],
  ["VIRUSTOTAL_API_KEY", { VIRUSTOTAL_API_KEY: "two words" }, /^VIRUSTOTAL_API_KEY: .*without spaces$/],
  [
    "VIRUSTOTAL_API_KEY",
    { VIRUSTOTAL_API_KEY: "line\r\nX-Evil: 1" },
    /^VIRUSTOTAL_API_KEY: .*without spaces$/,
  ],
  ["VIRUSTOTAL_URL", { VIRUSTOTAL_URL: "http://vt.example.com" }, /^VIRUSTOTAL_URL: expected an https URL/],
  [
    "VIRUSTOTAL_URL",
    { VIRUSTOTAL_URL: "https://u:p@vt.example.com" },
    /^VIRUSTOTAL_URL: expected an https URL/,
  ],
  ["GREYNOISE_API_KEY", { GREYNOISE_API_KEY: "line\r\nX-Evil: 1" }, /^GREYNOISE_API_KEY: .*without spaces$/],
  ["GREYNOISE_URL", { GREYNOISE_URL: "http://gn.example.com" }, /^GREYNOISE_URL: expected an https URL/],
  ["SPAMHAUS_URL", { SPAMHAUS_URL: "https://x/?y" }, /^SPAMHAUS_URL: expected an https URL/],
  ["ABUSEIPDB_URL", { ABUSEIPDB_URL: "ftp://localhost" }, /^ABUSEIPDB_URL: expected an https URL/],
  ["ADMIN_EMAIL", { SMTP_SERVER: "mail" }, /^ADMIN_EMAIL: SMTP_SERVER needs it/],
  [
    "ADMIN_EMAIL",
    { ADMIN_EMAIL: "a@example.com\r\nRCPT TO:<c@example.com>" },
    /^ADMIN_EMAIL: expected one bare mail address/,
  ],
  ["ADMIN_EMAIL", { ADMIN_EMAIL: "Soc <soc@example.com>" }, /^ADMIN_EMAIL: expected one bare/],
  ["MAIL_FROM", { MAIL_FROM: "a@example.com,b@example.com" }, /^MAIL_FROM: expected one bare/],
  ["MAIL_FROM", { MAIL_FROM: "a@b@c" }, /^MAIL_FROM: expected one bare/],
  ["MAIL_FROM", { MAIL_FROM: "<a@example.com>" }, /^MAIL_FROM: expected one bare/],
  [
    "SMTP_TLS",
    { SMTP_SERVER: "mail.example.com", ADMIN_EMAIL: "a@b.c", SMTP_TLS: "none" },
    /^SMTP_TLS: none is allowed only/,
  ],
  ["SMTP_TLS", { SMTP_TLS: "ssl" }, /^SMTP_TLS: expected one of starttls, tls, none$/],
  ["SMTP_USER", { SMTP_SERVER: "mail", ADMIN_EMAIL: "a@b.c", SMTP_USER: "u" }, /^SMTP_USER: set both/],
  ["SSH_USER", { SSH_HOST: "fw", SSH_PASSWORD: "x" }, /^SSH_USER: SSH_HOST needs it/],
  ["SSH_HOST", { SSH_HOST: "fw", SSH_USER: "root" }, /^SSH_HOST: set SSH_PRIVATE_KEY_FILE or SSH_PASSWORD/],
  ["SSH_HOST", { SSH_HOST: "-oProxyCommand=x" }, /^SSH_HOST: expected a host name/],
  ["SSH_HOST_KEY", { SSH_HOST_KEY: "MD5:aa:bb" }, /^SSH_HOST_KEY: expected SHA256:/],
  ["SSH_HOST_KEY", { SSH_HOST_KEY: `${pin}=` }, /^SSH_HOST_KEY: expected SHA256:/],
  [
    "SSH_PRIVATE_KEY_FILE",
    { SSH_PRIVATE_KEY_FILE: "missing" },
    /^SSH_PRIVATE_KEY_FILE: the file .* no such file/,
  ],
  [
    "SSH_KNOWN_HOSTS_FILE",
    { SSH_KNOWN_HOSTS_FILE: "." },
    /^SSH_KNOWN_HOSTS_FILE: the file .* it is a directory/,
  ],
  ["TLS_CERT_FILE", { TLS_CERT_FILE: tlsFile("localhost.crt") }, /^TLS_CERT_FILE: set both/],
  [
    "TLS_KEY_FILE",
    { TLS_CERT_FILE: tlsFile("localhost.crt"), TLS_KEY_FILE: tlsFile("localhost.crt") },
    /^TLS_KEY_FILE: expected a private key/,
  ],
  [
    "TLS_CERT_FILE",
    { TLS_CERT_FILE: tlsFile("localhost.key"), TLS_KEY_FILE: tlsFile("localhost.key") },
    /^TLS_CERT_FILE: expected a certificate/,
  ],
  [
    "TLS_CLIENT_CA_FILE",
    { TLS_CLIENT_CA_FILE: tlsFile("localhost.crt") },
    /^TLS_CLIENT_CA_FILE: needs TLS_CERT_FILE/,
  ],
  [
    "CONFIG_FILE",
    { CONFIG_FILE: "absent.yaml" },
    /^CONFIG_FILE: the file it names can't be read: no such file/,
  ],
  ["SMTP_PASSWORD", { SMTP_PASSWORD: "a", SMTP_PASSWORD_FILE: "missing" }, /^SMTP_PASSWORD: set only one of/],
  ["SPLUNK_CERT_SHA256", { SPLUNK_CERT_SHA256: "aa" }, /^SPLUNK_CERT_SHA256: expected 64 hexadecimal/],
  ["NACL_ID", { NACL_ID: "acl-xyz" }, /^NACL_ID: expected acl-/],
  ["SLACK_WEBHOOK_URL", { SLACK_WEBHOOK_URL: "http://hooks" }, /^SLACK_WEBHOOK_URL: expected an https URL/],
  ["LOOKBACK_MINUTES", { LOOKBACK_MINUTES: "0" }, /^LOOKBACK_MINUTES: expected a whole number from 1/],
  [
    "BRUTE_FORCE_THRESHOLD",
    { BRUTE_FORCE_THRESHOLD: "five" },
    /^BRUTE_FORCE_THRESHOLD: expected a whole number/,
  ],
];

test.each(problemCases)("a wrong %s is told (%j)", async (_setting, env, told) => {
  const problems = await problemsOf(env);

  expect(problems).toContainEqual(expect.stringMatching(told));
});

test("all problems are told together: of variables, of files and of every section of the file", async () => {
  put(
    "portcullis.yaml",
    "policy:\n  duration: soon\nextract:\n  fields: src_ip\nfirewalls:\n  - host: fw1\n",
  );

  const problems = await problemsOf({
    PORT: "x",
    MODE: "x",
    SSH_HOST: "fw",
    SMTP_SERVER: "mail",
    DATA_DIR: "portcullis.yaml",
  });

  expect(problems.map((problem) => problem.split(": ")[0])).toEqual([
    "PORT",
    "MODE",
    "SSH_USER",
    "SSH_HOST",
    "portcullis.yaml:6:5",
    "portcullis.yaml:2:13",
    "ADMIN_EMAIL",
    "portcullis.yaml:4:11",
    "DATA_DIR",
  ]);
});

test("no problem repeats a value", async () => {
  const value = "hunter2 hunter2";
  put(
    "portcullis.yaml",
    `policy: {duration: "${value}"}\nfirewalls:\n  - {host: "${value}", user: "${value}", password: "${value}\\n"}\n"${value}": 1\n`,
  );
  const env = Object.fromEntries(
    Object.keys(settings)
      .filter((name) => name !== "CONFIG_FILE" && name !== "DATA_DIR")
      .map((name) => [name, value]),
  );

  const problems = await problemsOf({ ...env, DATA_DIR: "portcullis.yaml" });

  expect(problems.length).toBeGreaterThan(30);
  expect(problems.join("\n")).not.toContain("hunter2");
});

test("a problem about a file does not show its path, which may be a secret in the wrong variable", async () => {
  const problems = await problemsOf({
    SMTP_PASSWORD_FILE: "hunter2",
    CONFIG_FILE: "hunter2",
    SSH_PRIVATE_KEY_FILE: "hunter2",
  });

  expect(problems.join("\n")).not.toContain("hunter2");
});

test("a wrong configuration is one error that trying again does not mend", async () => {
  await expect(desk.load({ PORT: "x" })).rejects.toMatchObject({
    name: "AppError",
    code: "CONFIG_INVALID",
    retryable: false,
  });
});
