import { parseIpAddress } from "../../../domain/ip-address.ts";
import type { LineReader, LineReaderDeps, LogFormat } from "../log-event.ts";
import { matchGroups } from "../match-groups.ts";
import { readSyslogLine, writerOf } from "../syslog-line.ts";

/** Failed SASL logins in the log of Postfix. */
export const postfix: LogFormat = {
  name: "postfix",
  title: "postfix: failed SASL logins",
  sample:
    "May  1 12:00:00 mail postfix/smtpd[4711]: warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
  isStream: false,
  recognises: (line) => /^postfix[\w-]{0,30}\//.test(writerOf(line) ?? ""),
  open: openPostfix,
};

// The name before the brackets comes from the attacker's name server; Postfix lets only characters of host names through.
const failed =
  /^warning: [^\s[\]]{1,255}\[([^\s[\]]{2,64})\](?::\d{1,5})?: SASL [\w-]{1,40} authentication failed(?:: (.*))?$/s;
const tried = /, sasl_username=(.{1,320})$/s;
/** The server's own trouble, not a wrong password. */
const ownTrouble = /^(?:Connection lost to authentication server|Temporary authentication failure)/;
const program = /^postfix[\w-]{0,30}\/(?:[\w-]{1,30}\/)?smtpd$/;

const marks = /: SASL /g;

function openPostfix({ times, take }: LineReaderDeps): LineReader {
  return {
    read(line, isPart) {
      const head = isPart ? undefined : readSyslogLine(line, times);
      if (head === undefined || !program.test(head.program)) {
        return !isPart;
      }
      const group = matchGroups(failed, head.message);
      const ip = group === undefined ? undefined : parseIpAddress(group(1));
      if (group === undefined || ip === undefined) {
        return !head.message.includes("authentication failed");
      }
      if (!ownTrouble.test(group(2))) {
        const user = tried.exec(group(2))?.[1] ?? null;
        take({ ip, atMs: head.atMs, kind: "failed-login", count: 1, user, detail: null });
      }
      return true;
    },
    end: () => undefined,
    marks,
  };
}
