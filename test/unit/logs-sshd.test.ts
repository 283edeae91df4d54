import { describe, expect, test } from "vitest";
import { readText, told } from "./logs-desk.ts";

const head = "May  1 12:00:00 web1 sshd[4711]: ";
const at = (pid: number, message: string): string => `May  1 12:00:00 web1 sshd[${pid}]: ${message}`;

describe("a failure in the log of sshd", () => {
  test.each([
    ["Failed password for root from 203.0.113.9 port 40022 ssh2", "203.0.113.9 root"],
    ["Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2", "203.0.113.9 admin"],
    ["Failed password for illegal user test from 203.0.113.9 port 40022 ssh2", "203.0.113.9 test"],
    ["Failed password for invalid user  from 203.0.113.9 port 40022 ssh2", "203.0.113.9 "],
    ["Failed password for root from ::ffff:203.0.113.9 port 40022 ssh2", "203.0.113.9 root"],
    ["Failed password for root from 2001:db8::5 port 40022 ssh2", "2001:db8::5 root"],
    ["Failed keyboard-interactive/pam for root from 203.0.113.9 port 40022 ssh2", "203.0.113.9 root"],
    [
      "Failed publickey for root from 203.0.113.9 port 40022 ssh2: RSA SHA256:c2VjcmV0IGtleSB0aGF0IG5vYm9keSBoYXMhISEhISE",
      "203.0.113.9 root",
    ],
    ["Failed none for invalid user x from 203.0.113.9 port 40022 ssh2", "203.0.113.9 x"],
    ["Invalid user oracle from 203.0.113.9", "203.0.113.9 oracle"],
    ["Invalid user oracle from 203.0.113.9 port 40022", "203.0.113.9 oracle"],
    ["error: PAM: Authentication failure for root from 203.0.113.9", "203.0.113.9 root"],
    [
      "error: PAM: User not known to the underlying authentication module for illegal user x from 203.0.113.9",
      "203.0.113.9 x",
    ],
    [
      "error: maximum authentication attempts exceeded for invalid user a from 203.0.113.9 port 40022 ssh2 [preauth]",
      "203.0.113.9 a",
    ],
    ["Connection closed by authenticating user root 203.0.113.9 port 40022 [preauth]", "203.0.113.9 root"],
    ["Connection reset by invalid user a b 203.0.113.9 port 40022 [preauth]", "203.0.113.9 a b"],
    ["Disconnected from authenticating user root 203.0.113.9 port 40022 [preauth]", "203.0.113.9 root"],
    [
      "message repeated 5 times: [ Failed password for root from 203.0.113.9 port 40022 ssh2]",
      "203.0.113.9 x5 root",
    ],
  ])("%s", (message, expected) => {
    expect(told("sshd", head + message)).toEqual([expected]);
  });

  test.each([
    ["RFC 3164", "May  1 12:00:00 web1 sshd[4711]: ", "2024-05-01T12:00:00"],
    [
      "RFC 3164 with priority and fraction",
      "<38>May  1 12:00:00.250 web1 sshd[4711]: ",
      "2024-05-01T12:00:00",
    ],
    ["OpenSSH 9.8", "May  1 12:00:00 web1 sshd-session[4711]: ", "2024-05-01T12:00:00"],
    ["ISO", "2024-05-01T12:00:00.250+02:00 web1 sshd[4711]: ", "2024-05-01T12:00:00.250+02:00"],
    ["journalctl -o short-iso", "2024-05-01T12:00:00+0200 web1 sshd[4711]: ", "2024-05-01T12:00:00+02:00"],
    ["journalctl -o short-full", "Wed 2024-05-01 12:00:00 CEST web1 sshd[4711]: ", "2024-05-01T12:00:00"],
    ["RFC 5424", "<38>1 2024-05-01T12:00:00.25Z web1 sshd 4711 - - ", "2024-05-01T12:00:00.250Z"],
    [
      "RFC 5424 with data",
      '<38>1 2024-05-01T12:00:00Z web1 sshd 4711 ID [a@1 b="c\\]"] ',
      "2024-05-01T12:00:00Z",
    ],
    ["no process", "May  1 12:00:00 web1 sshd: ", "2024-05-01T12:00:00"],
    ["no head at all", "", "2024-05-02T00:00:00Z"],
  ])("with the head of %s", (_name, head, time) => {
    const { events, unclear } = readText(
      "sshd",
      `${head}Failed password for root from 203.0.113.9 port 1 ssh2\n`,
    );

    expect(events).toMatchObject([{ ip: "203.0.113.9", atMs: Date.parse(time) }]);
    expect(unclear).toBe(0);
  });

  test.each([
    ["a text", '"Failed password for root from 203.0.113.9 port 1 ssh2"'],
    ["bytes", `[${[...Buffer.from("Failed password for root from 203.0.113.9 port 1 ssh2")].join(",")}]`],
  ])("in the journal's JSON, as %s", (_name, message) => {
    const line = `{"__REALTIME_TIMESTAMP":"1714564800250000","SYSLOG_IDENTIFIER":"sshd","_PID":"4711","MESSAGE":${message}}\n`;

    expect(readText("sshd", line).events).toMatchObject([{ ip: "203.0.113.9", atMs: 1_714_564_800_250 }]);
  });
});

describe("an attempt counts once", () => {
  test("though the user is unknown, PAM tells of it, and the connection is closed", () => {
    const lines = [
      at(1, "Invalid user admin from 203.0.113.9 port 40022"),
      at(1, "pam_unix(sshd:auth): check pass; user unknown"),
      at(
        1,
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9",
      ),
      at(1, "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2"),
      at(1, "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2"),
      at(
        1,
        "error: maximum authentication attempts exceeded for invalid user admin from 203.0.113.9 port 40022 ssh2 [preauth]",
      ),
      at(
        1,
        "Disconnecting invalid user admin 203.0.113.9 port 40022: Too many authentication failures [preauth]",
      ),
      at(1, "Connection closed by invalid user admin 203.0.113.9 port 40022 [preauth]"),
      at(1, "PAM 1 more authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9"),
    ];

    expect(told("sshd", ...lines)).toEqual(["203.0.113.9 admin", "203.0.113.9 admin"]);
  });

  test("a repeated line behind an unknown user", () => {
    const lines = [
      at(1, "Invalid user admin from 203.0.113.9 port 40022"),
      at(
        1,
        "message repeated 3 times: [ Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2]",
      ),
    ];

    expect(told("sshd", ...lines)).toEqual(["203.0.113.9 admin", "203.0.113.9 x2 admin"]);
  });

  test("by another process it is another attempt", () => {
    const line = "Invalid user admin from 203.0.113.9 port 40022";

    expect(told("sshd", at(1, line), at(2, line), at(2, line))).toHaveLength(2);
  });

  test("a process id that is used again by another peer hides nothing", () => {
    const lines = [
      at(1, "Invalid user admin from 203.0.113.9 port 1"),
      at(1, "Failed password for root from 203.0.113.10 port 2 ssh2"),
    ];

    expect(told("sshd", ...lines)).toEqual(["203.0.113.9 admin", "203.0.113.10 root"]);
  });
});

describe("keys", () => {
  const key = (pid: number): string =>
    at(
      pid,
      "Failed publickey for deploy from 203.0.113.9 port 1 ssh2: RSA SHA256:c2VjcmV0IGtleSB0aGF0IG5vYm9keSBoYXMhISEhISE",
    );

  test("that an agent offers before one fits are no failures", () => {
    const accepted = at(1, "Accepted publickey for deploy from 203.0.113.9 port 1 ssh2: ED25519 SHA256:x");

    expect(told("sshd", key(1), key(1), key(1), accepted)).toEqual([]);
  });

  test("of which none fits are one failure", () => {
    const closed = at(1, "Connection closed by authenticating user deploy 203.0.113.9 port 1 [preauth]");

    expect(told("sshd", key(1), key(1), closed)).toEqual(["203.0.113.9 deploy"]);
    expect(told("sshd", key(1), key(1), key(2))).toHaveLength(2);
  });
});

describe("an address that the attacker writes himself is never taken", () => {
  test.each([
    [
      "Failed password for invalid user x from 192.0.2.1 port 22 ssh2 from 203.0.113.9 port 4 ssh2",
      ["203.0.113.9 x from 192.0.2.1 port 22 ssh2"],
    ],
    [
      "Invalid user x from 192.0.2.1 port 22 from 203.0.113.9 port 4",
      ["203.0.113.9 x from 192.0.2.1 port 22"],
    ],
    ["Invalid user x from 192.0.2.1 from 203.0.113.9", ["203.0.113.9 x from 192.0.2.1"]],
    [
      "error: PAM: Authentication failure for x from 192.0.2.1 from 203.0.113.9",
      ["203.0.113.9 x from 192.0.2.1"],
    ],
    [
      "Connection closed by invalid user x 192.0.2.1 port 22 [preauth] 203.0.113.9 port 4 [preauth]",
      ["203.0.113.9 x 192.0.2.1 port 22 [preauth]"],
    ],
    // The name of a certificate is the attacker's text behind the peer: no line with one is read.
    [
      "Failed publickey for a from 203.0.113.9 port 4 ssh2: ED25519-CERT ID x from 192.0.2.1 port 2 ssh2 (serial 0) CA ED25519 SHA256:c2VjcmV0IGtleSB0aGF0IG5vYm9keQ",
      [],
    ],
    // A service asked for by another name stands behind the peer too.
    [
      "Disconnecting invalid user a 203.0.113.9 port 4: Change of username or service not allowed: (a,ssh-connection) -> (x 192.0.2.1 port 22 [preauth],ssh-connection) [preauth]",
      [],
    ],
  ])("%s", (message, expected) => {
    expect(told("sshd", head + message)).toEqual(expected);
  });

  test.each([
    "May  1 12:00:00 web1 app[1]: sshd[4711]: Failed password for root from 192.0.2.1 port 4 ssh2",
    "May  1 12:00:00 web1 nginx: Failed password for root from 192.0.2.1 port 4 ssh2",
    "May  1 12:00:00 nginx: sshd[4711]: Failed password for root from 192.0.2.1 port 4 ssh2",
    "GET /Failed password for root from 192.0.2.1 port 4 ssh2",
    '{"SYSLOG_IDENTIFIER":"app","MESSAGE":"Failed password for root from 192.0.2.1 port 4 ssh2"}',
    `${head}Failed password for root from gateway port 4 ssh2`,
    `${head}Failed password for root from 192.0.2.1 port 4 ssh2 and more`,
    `${head}Failed password for root from 192.0.2.01 port 4 ssh2`,
  ])("%s", (line) => {
    expect(told("sshd", line)).toEqual([]);
  });

  test("a failure whose address can't be told is counted as such", () => {
    expect(readText("sshd", `${head}Failed password for root from gateway port 4 ssh2\n`)).toMatchObject({
      events: [],
      unclear: 1,
    });
  });
});
