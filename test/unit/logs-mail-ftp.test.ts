import { describe, expect, test } from "vitest";
import { readText, told } from "./logs-desk.ts";

describe("postfix", () => {
  const head = "May  1 12:00:00 mail postfix/smtpd[4711]: ";

  test.each([
    [`${head}warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6`, ["203.0.113.9"]],
    [
      `${head}warning: host.example.com[2001:db8::5]:40022: SASL PLAIN authentication failed: (reason unavailable), sasl_username=info@example.com`,
      ["2001:db8::5 info@example.com"],
    ],
    [
      "2024-05-01T12:00:00+02:00 mail postfix/submission/smtpd[4711]: warning: unknown[203.0.113.9]: SASL CRAM-MD5 authentication failed: authentication failure",
      ["203.0.113.9"],
    ],
    // The server's own trouble.
    [
      `${head}warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: Connection lost to authentication server`,
      [],
    ],
    [
      `${head}warning: unknown[203.0.113.9]: SASL PLAIN authentication failed: authentication failure, sasl_username=x: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: y`,
      ["203.0.113.9 x: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: y"],
    ],
    ["May  1 12:00:00 mail app[1]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x", []],
    [`${head}lost connection after AUTH from unknown[203.0.113.9]`, []],
    [`${head}NOQUEUE: reject: x warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x`, []],
  ])("%s", (line, expected) => {
    expect(told("postfix", line)).toEqual(expected);
  });
});

describe("vsftpd", () => {
  const head = "Wed May  1 12:00:00 2024 [pid 4711] ";

  test.each([
    [`${head}[admin] FAIL LOGIN: Client "203.0.113.9"`, ["203.0.113.9 admin"]],
    [`${head}[a b] FAIL LOGIN: Client "::ffff:203.0.113.9"`, ["203.0.113.9 a b"]],
    ['May  1 12:00:00 ftp vsftpd[4711]: [admin] FAIL LOGIN: Client "2001:db8::5"', ["2001:db8::5 admin"]],
    [`${head}[admin] OK LOGIN: Client "203.0.113.9"`, []],
    [
      `${head}[x] FAIL LOGIN: Client "192.0.2.1"] FAIL LOGIN: Client "203.0.113.9"`,
      ['203.0.113.9 x] FAIL LOGIN: Client "192.0.2.1"'],
    ],
    [`${head}[ftp] OK LOGIN: Client "203.0.113.9", anon password "x] FAIL LOGIN: Client "192.0.2.1""`, []],
    ['May  1 12:00:00 ftp app[1]: [admin] FAIL LOGIN: Client "192.0.2.1"', []],
  ])("%s", (line, expected) => {
    expect(told("vsftpd", line)).toEqual(expected);
  });

  test("its own time stamp is local time", () => {
    const { events } = readText("vsftpd", `${head}[admin] FAIL LOGIN: Client "203.0.113.9"\n`);

    expect(events.map(({ atMs }) => atMs)).toEqual([new Date(2024, 4, 1, 12).getTime()]);
  });
});

describe("any other log", () => {
  test.each([
    ["2024-05-01T12:00:00Z app: login failed for admin from 203.0.113.9", ["203.0.113.9"]],
    ["Authentication failure: user=admin src_ip=203.0.113.9 dst_ip=198.51.100.1", ["203.0.113.9"]],
    ["[2024-05-01 12:00:00] Invalid credentials, client ip: 203.0.113.9:40022", ["203.0.113.9"]],
    ['{"level":"warn","msg":"unauthorized","remote_addr":"2001:db8::5"}', ["2001:db8::5"]],
    ["access denied (from [203.0.113.9])", ["203.0.113.9"]],
    ["May  1 12:00:00 web1 pam: authentication failure; rhost=203.0.113.9  user=root", ["203.0.113.9"]],
    ["imap-login: auth failed: user=<x from 192.0.2.1 >, rip=203.0.113.9, lip=10.0.0.1", []],
    ["imap-login: auth failed: user=<x>, rip=203.0.113.9, lip=10.0.0.1", ["203.0.113.9"]],
    // No failure, or no address that something introduces.
    ["login of admin from 203.0.113.9", []],
    ["login failed for 192.0.2.1", []],
    ["upgrade from 1.2.3.4.5 failed", []],
    ["failed: host: 192.0.2.1", []],
    // Which one has the attacker written?
    ["login failed for user x from 192.0.2.1 from 203.0.113.9", []],
  ])("%s", (line, expected) => {
    expect(told("generic", line)).toEqual(expected);
  });
});

test("generic: a line that introduces an address again and again takes no longer than another", () => {
  const line = `failed ${"addr:".repeat(12_000)}\n`;
  const startMs = performance.now();
  readText("generic", line);

  expect(performance.now() - startMs).toBeLessThan(200);
});
