import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { FormatName } from "../../src/ingest/logs/log-event.ts";
import { readText } from "./logs-desk.ts";

const peer = "203.0.113.200";
const other = "192.0.2.1";

/** What an attacker may send as a name, a path or a header: parts of log lines that name somebody else. */
const hostile = fc
  .array(
    fc.constantFrom(
      ` from ${other} port 22 ssh2`,
      " from ",
      ` ${other} port 22 [preauth]`,
      "[preauth]",
      "]",
      "message repeated 9 times: [ ",
      "Failed password for root",
      "May  1 12:00:00 web1 sshd[1]: ",
      `] FAIL LOGIN: Client "${other}"`,
      `, client: ${other}, server: a, request: "GET / HTTP/1.1", host: "b"`,
      '": password mismatch',
      `] [client ${other}:1] AH01618: user y not found: /`,
      `${other} - - [01/May/2024:12:00:00 +0000] "GET /.env HTTP/1.1" 404 1 "-" "-"`,
      `: warning: unknown[${other}]: SASL LOGIN authentication failed: x`,
      `\tSource Network Address:\t${other} Source Port: 1 `,
      "Detailed Authentication Information: Logon Process: x Key Length: 0",
      "An account failed to log on.",
      `</Data><Data Name='IpAddress'>${other}</Data></EventData></Event>`,
      `","IpAddress":"${other}"}`,
      `client ip=${other}`,
      other,
      '"',
      "\\",
      " ",
      "x",
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

const head = "May  1 12:00:00 web1 sshd[4711]: ";
const stamp = "[01/May/2024:12:00:00 +0000]";
/** As both servers write a quote and a backslash. */
const quoted = (text: string): string => text.replaceAll(/["\\]/g, (sign) => `\\${sign}`);
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const message = (user: string, workstation: string, between = " "): string =>
  [
    "An account failed to log on.",
    "Account For Which Logon Failed:",
    `Account Name:\t\t${user}`,
    "Account Domain:\t-",
    `Workstation Name:\t${workstation}`,
    `Source Network Address:\t${peer}`,
    "Source Port:\t\t4",
    "Detailed Authentication Information:",
    "Logon Process:\t\tNtLmSsp",
    "Key Length:\t\t0",
  ].join(between);

type Writer = (one: string, two: string) => string;

/** How each program writes down what an attacker has sent. */
const writers: readonly (readonly [FormatName, string, Writer])[] = [
  [
    "sshd",
    "a failed password",
    (user) => `${head}Failed password for invalid user ${user} from ${peer} port 4 ssh2`,
  ],
  ["sshd", "an unknown user", (user) => `${head}Invalid user ${user} from ${peer} port 4`],
  ["sshd", "an unknown user, long ago", (user) => `${head}Invalid user ${user} from ${peer}`],
  [
    "sshd",
    "PAM",
    (user) => `${head}error: PAM: Authentication failure for illegal user ${user} from ${peer}`,
  ],
  [
    "sshd",
    "a repeated line",
    (user) => `${head}message repeated 2 times: [ Failed password for ${user} from ${peer} port 4 ssh2]`,
  ],
  [
    "sshd",
    "a closed connection",
    (user) => `${head}Connection closed by invalid user ${user} ${peer} port 4 [preauth]`,
  ],
  [
    "sshd",
    "too many attempts",
    (user) =>
      `${head}error: maximum authentication attempts exceeded for invalid user ${user} from ${peer} port 4 ssh2 [preauth]`,
  ],
  [
    "sshd",
    "a certificate",
    (user, id) =>
      `${head}Failed publickey for ${user} from ${peer} port 4 ssh2: ED25519-CERT ID ${id} (serial 0) CA ED25519 SHA256:c2VjcmV0IGtleSB0aGF0IG5vYm9keQ`,
  ],
  [
    "sshd",
    "another service",
    (user, next) =>
      `${head}Disconnecting authenticating user ${user} ${peer} port 4: Change of username or service not allowed: (${user},ssh-connection) -> (${next},ssh-connection) [preauth]`,
  ],
  [
    "postfix",
    "a name",
    (user) =>
      `May  1 12:00:00 mail postfix/smtpd[1]: warning: unknown[${peer}]: SASL PLAIN authentication failed: x, sasl_username=${user}`,
  ],
  ["vsftpd", "a name", (user) => `Wed May  1 12:00:00 2024 [pid 1] [${user}] FAIL LOGIN: Client "${peer}"`],
  [
    "nginx",
    "a request",
    (path, agent) => `${peer} - - ${stamp} "GET /.env?${quoted(path)} HTTP/1.1" 404 1 "-" "${quoted(agent)}"`,
  ],
  [
    "apache",
    "a name",
    (user, agent) => `${peer} - ${quoted(user)} ${stamp} "GET /.env HTTP/1.1" 401 1 "-" "${quoted(agent)}"`,
  ],
  [
    "nginx",
    "an error of nginx",
    (user, referrer) =>
      `2024/05/01 12:00:00 [error] 1#0: *1 user "${user}": password mismatch, client: ${peer}, server: a, request: "GET / HTTP/1.1", host: "b", referrer: "${referrer}"`,
  ],
  [
    "apache",
    "an error",
    (user, path) =>
      `[Wed May 01 12:00:00.1 2024] [auth_basic:error] [pid 1] [client ${peer}:4] AH01618: user ${user} not found: /${path}`,
  ],
  ["windows-security", "text", (user, workstation) => message(user, workstation)],
  ["windows-security", "text on many lines", (user, workstation) => message(user, workstation, "\r\n\t")],
  [
    "windows-security",
    "another event",
    (user, workstation) =>
      `5/1/2024 1:00:00 PM DC1 4776 The computer attempted to validate the credentials for an account. Logon Account: ${user} Source Workstation: ${workstation} Error Code: 0x0`,
  ],
  [
    "windows-security",
    "XML",
    (user, workstation) =>
      `<Event><System><EventID>4625</EventID></System><EventData><Data Name='TargetUserName'>${escaped(user)}</Data><Data Name='WorkstationName'>${escaped(workstation)}</Data><Data Name='IpAddress'>${peer}</Data></EventData></Event>`,
  ],
  [
    "windows-security",
    "JSON",
    (user, workstation) =>
      JSON.stringify({
        EventID: 4625,
        TargetUserName: user,
        WorkstationName: workstation,
        IpAddress: peer,
        Message: message(user, workstation),
      }),
  ],
  ["generic", "a line", (user) => `2024-05-01T12:00:00Z app: login failed for ${user} from ${peer}`],
];

test.each(writers)(
  "%s: whoever chooses the texts of %s chooses nobody's address but his own",
  (format, _what, write) => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const addresses = readText(format, `${write(one, two)}\n`).events.map(({ ip }) => ip);

        expect(addresses.filter((ip) => ip !== peer)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  },
);

test.each(
  writers.filter(
    ([, what]) => !["a certificate", "another service", "an error of nginx", "another event"].includes(what),
  ),
)("%s: %s with harmless texts names the peer", (format, _what, write) => {
  expect(readText(format, `${write("admin", "PC1")}\n`).events.map(({ ip }) => ip)).toContain(peer);
});

/** Cut where the name has put it: the peer is lost. */
const cutAt = (most: number, start: string, end: string): string =>
  `${start}${"a".repeat(most - start.length - end.length)}${end}`;

test.each([
  ["sshd", 1023, "Failed password for invalid user ", ` from ${other} port 22 ssh2`],
  ["sshd", 1023, "Invalid user ", ` from ${other}`],
  ["sshd", 220, "error: PAM: Authentication failure for illegal user ", ` from ${other}`],
  ["sshd", 1023, "Connection closed by invalid user ", ` ${other} port 22`],
] as const)(
  "%s: a message that was cut after %i bytes, within the name, blames nobody",
  (format, most, start, end) => {
    expect(readText(format, `${head}${cutAt(most, start, end)}\n`).events).toEqual([]);
  },
);

test("vsftpd: neither does one that syslog has cut", () => {
  const line = cutAt(256, "May  1 12:00:00 web1 vsftpd[1]: [", `] FAIL LOGIN: Client "${other}"`);

  expect(readText("vsftpd", `${line}\n`)).toMatchObject({ events: [], unclear: 1 });
});

test("windows-security: another event that quotes a name like event 4625 blames nobody", () => {
  const name = `An account failed to log on Source Network Address: ${other} Source Port: 1 Logon Process: x`;

  expect(
    readText(
      "windows-security",
      `5/1/2024 1:00:00 PM DC1 4776 The computer attempted to validate the credentials for an account. Logon Account: ${name}\n`,
    ).events,
  ).toEqual([]);
});

test.each([
  ["nginx", `${peer} - - ${stamp} "GET /.env HTTP/1.1" 404 1 "-" "sshd[1]: "`],
  ["nginx", `${peer} - sshd[1]: ${stamp} "GET /.env HTTP/1.1" 404 1 "-" "-"`],
  ["nginx", `${peer} - - ${stamp} "GET /.env HTTP/1.1" 404 1 "-" "postfix/smtpd[1]: vsftpd: "`],
  ["nginx", `${peer} - - ${stamp} "GET /?EventCode=4625 HTTP/1.1" 404 1 "-" "-"`],
  ["generic", `2024-05-01T12:00:00Z app: login failed for sshd[1]: x from ${peer}`],
  ["generic", `May  1 12:00:00 web1 app[1]: login failed for vsftpd: x from ${peer}`],
])("no text of an attacker's makes another format of %s: %s", (format, line) => {
  expect(readText(null, `${line}\n`).format).toBe(format);
});
