import { type IpAddress, parseIpAddress } from "../../../domain/ip-address.ts";
import { matchGroups } from "../match-groups.ts";
import type { LineReader, LineReaderDeps, LogFormat } from "../log-event.ts";
import { isAccessLine, takeAccess } from "./access-line.ts";

/** nginx: its access log, and failed logins and refused requests in its error log. */
export const nginx: LogFormat = {
  name: "nginx",
  title: "nginx: access log (as Apache's) and error log",
  sample: '203.0.113.9 - - [01/May/2024:12:00:00 +0000] "GET /.env HTTP/1.1" 404 153 "-" "curl/8.5.0"',
  isStream: false,
  recognises: (line) => isAccessLine(line) || errorHead.test(line),
  open: openNginx,
};

const errorHead = /^(\d{4}\/\d\d\/\d\d) (\d\d:\d\d:\d\d) \[[a-z]{1,8}\] \d{1,10}#\d{1,10}: \*\d{1,20} /;
/** Nothing before the client is the attacker's text. */
const forbidden = /^access forbidden by rule, client: ([^\s,]{2,64}), /;
const wrongUser = /^user "(.*?)"(?:: password mismatch| was not found in ")/s;

function openNginx({ times, take }: LineReaderDeps): LineReader {
  return {
    read(line, isPart) {
      if (isPart) {
        return false;
      }
      const head = matchGroups(errorHead, line);
      return head === undefined ? takeAccess(line, times, take) : takeError(head, line, { times, take });
    },
    end: () => undefined,
    marks: null,
  };
}

function takeError(head: (group: number) => string, line: string, { times, take }: LineReaderDeps): boolean {
  const failure = readError(line.slice(head(0).length));
  if (failure?.ip === undefined) {
    return failure === undefined;
  }
  const atMs = times.iso(`${head(1).replaceAll("/", "-")} ${head(2)}`) ?? times.undated();
  take({ ...failure, ip: failure.ip, atMs, count: 1 });
  return true;
}

function readError(message: string) {
  const [, client] = forbidden.exec(message) ?? [];
  if (client !== undefined) {
    return { ip: parseIpAddress(client), kind: "web-attack", user: null, detail: "forbidden" } as const;
  }
  const [, user] = wrongUser.exec(message) ?? [];
  return user === undefined
    ? undefined
    : ({ ip: onlyClient(message), kind: "failed-login", user, detail: null } as const);
}

/** The user's name before it and the request behind it are the attacker's text, so there must be one client and no other. */
function onlyClient(message: string): IpAddress | undefined {
  const clients = new Set(
    [...message.matchAll(/, client: ([^\s,]{2,64}), server: /g)].map(([, ip = ""]) => ip),
  );
  const [client = ""] = clients;
  return clients.size === 1 ? parseIpAddress(client) : undefined;
}
