import { parseIpAddress } from "../../../domain/ip-address.ts";
import { matchGroups } from "../match-groups.ts";
import type { LineReader, LineReaderDeps, LogFormat } from "../log-event.ts";
import { isAccessLine, takeAccess } from "./access-line.ts";

/** Apache httpd: its access log, and failed logins and refused requests in its error log. */
export const apache: LogFormat = {
  name: "apache",
  title: "apache: access log (common, combined, with the virtual host) and error log",
  sample:
    "[Wed May 01 12:00:00.123456 2024] [auth_basic:error] [pid 4711] [client 203.0.113.9:40022] AH01617: user admin: authentication failure",
  isStream: false,
  recognises: (line) => errorHead.test(line) || isAccessLine(line),
  open: openApache,
};

const errorHead =
  /^\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4})\] \[[\w:-]{1,60}\] /;
// The server writes the client before anything that a client has sent.
const client = /^(\[pid [\d:]{1,24}(?::tid \d{1,24})?\] )?\[client ([0-9A-Fa-f:.]{2,64})\] (.*)$/s;
const wrongUser =
  /^(?:AH\d{5}: )?user (.{0,256}?)(?:: authentication failure for "| not found: |: password mismatch: |: authentication failure$)/s;
const denied = /^(?:AH\d{5}: )?client denied by server configuration: /;

function openApache({ times, take }: LineReaderDeps): LineReader {
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
  const group = matchGroups(client, line.slice(head(0).length));
  const failure = group === undefined ? undefined : readError(group(3));
  if (group === undefined || failure === undefined) {
    return true;
  }
  // Since 2.4, which also writes its process, the port stands behind the address; an IPv6 one is without brackets.
  const ip = parseIpAddress(group(1) === "" ? group(2) : group(2).replace(/:\d{1,5}$/, ""));
  if (ip !== undefined) {
    take({ ...failure, ip, atMs: times.ctime(head(1)) ?? times.undated(), count: 1 });
  }
  return ip !== undefined;
}

function readError(message: string) {
  const [, user] = wrongUser.exec(message) ?? [];
  if (user !== undefined) {
    return { kind: "failed-login", user, detail: null } as const;
  }
  return denied.test(message)
    ? ({ kind: "web-attack", user: null, detail: "forbidden" } as const)
    : undefined;
}
