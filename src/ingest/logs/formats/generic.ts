import { type IpAddress, parseIpAddress } from "../../../domain/ip-address.ts";
import type { LineReader, LineReaderDeps, LogFormat, LogTimes } from "../log-event.ts";
import { readSyslogLine } from "../syslog-line.ts";

/** Any log in which a line names a failure and, behind a word like `from`, one address. A guess: a format of its own is surer. */
export const generic: LogFormat = {
  name: "generic",
  title: "anything with an address behind a word like from, client or src, and a word of failure",
  sample: "2024-05-01T12:00:00Z app: login failed for admin from 203.0.113.9",
  isStream: false,
  recognises: (line) => failure.test(line) && peersIn(line).size > 0,
  open: openGeneric,
};

const failure =
  /\b(?:fail(?:ed|ure|s)?|invalid|denied|unauthori[sz]ed|incorrect|rejected|refused|bad (?:password|login|credentials)|wrong password|not allowed)\b/i;
const introduced =
  /\b(?:from|by|peer|rhost|rip|client(?:[_ -]?(?:ip|addr(?:ess)?))?|src(?:[_-]?ip)?|source(?:[_-]?(?:ip|address))?|remote(?:[_-]?(?:ip|addr(?:ess)?|host))?|ip(?:[_ -]?addr(?:ess)?)?|addr(?:ess)?)(?:\\?["'])?[ =:]{1,3}\\?["'([<]{0,2}([0-9a-f:][0-9a-f:.]{1,45})(?![\w.:-]{0,64}\w)/gi;
const stamp = /^\W?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?)/;

function openGeneric({ times, take }: LineReaderDeps): LineReader {
  return {
    read(line, isPart) {
      if (isPart || !failure.test(line)) {
        return !isPart;
      }
      const peers = peersIn(line);
      const [ip] = peers;
      // With two it can't be told which one the attacker has written himself.
      if (ip === undefined || peers.size > 1) {
        return false;
      }
      take({ ip, atMs: timeOf(line, times), kind: "failed-login", count: 1, user: null, detail: null });
      return true;
    },
    end: () => undefined,
    marks: null,
  };
}

function peersIn(line: string): Set<IpAddress> {
  const found = new Set<IpAddress>();
  for (const [, text = ""] of line.matchAll(introduced)) {
    const ip = parseIpAddress(text.replace(/[.:]$/, "")) ?? parseIpAddress(text.replace(/:\d{1,5}$/, ""));
    if (ip !== undefined) {
      found.add(ip);
    }
  }
  return found;
}

function timeOf(line: string, times: LogTimes): number {
  const [, iso] = stamp.exec(line) ?? [];
  return (
    (iso === undefined ? undefined : times.iso(iso)) ?? readSyslogLine(line, times)?.atMs ?? times.undated()
  );
}
