import { parseIpAddress } from "../../../domain/ip-address.ts";
import { matchGroups } from "../match-groups.ts";
import type { LineReader, LineReaderDeps, LogFormat, LogTimes } from "../log-event.ts";
import { readSyslogLine, type SyslogLine, writerOf } from "../syslog-line.ts";

/** Failed logins in the log of vsftpd, its own or through syslog. */
export const vsftpd: LogFormat = {
  name: "vsftpd",
  title: "vsftpd: failed logins",
  sample: 'Wed May  1 12:00:00 2024 [pid 4711] [admin] FAIL LOGIN: Client "203.0.113.9"',
  isStream: false,
  recognises: (line) =>
    /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} \[pid \d+\] /.test(line) ||
    writerOf(line) === "vsftpd",
  open: openVsftpd,
};

const own = /^([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}) \[pid \d{1,10}\] (.*)$/s;
// The name is the attacker's text: what it says of a client stands before the end. Behind a longer one syslog may have cut the end off.
const failed = /^\[(.{0,100})\] FAIL LOGIN: Client "([^"\s]{2,64})"$/s;

const marks = / FAIL LOGIN: /g;

function openVsftpd({ times, take }: LineReaderDeps): LineReader {
  return {
    read(line, isPart) {
      const said = isPart ? undefined : (readOwn(line, times) ?? readSyslogLine(line, times));
      if (said === undefined || said.program !== "vsftpd") {
        return !isPart;
      }
      const group = matchGroups(failed, said.message);
      const ip = group === undefined ? undefined : parseIpAddress(group(2));
      if (group === undefined || ip === undefined) {
        return false;
      }
      take({ ip, atMs: said.atMs, kind: "failed-login", count: 1, user: group(1), detail: null });
      return true;
    },
    end: () => undefined,
    marks,
  };
}

function readOwn(
  line: string,
  times: LogTimes,
): Pick<SyslogLine, "program" | "atMs" | "message"> | undefined {
  const group = matchGroups(own, line);
  return group === undefined
    ? undefined
    : { program: "vsftpd", atMs: times.ctime(group(1)) ?? times.undated(), message: group(2) };
}
