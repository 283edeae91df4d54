import { type IpAddress, parseIpAddress } from "../../../domain/ip-address.ts";
import { matchGroups } from "../match-groups.ts";
import type { LineReader, LineReaderDeps, LogEvent, LogFormat } from "../log-event.ts";
import { createConnections, type Verb } from "./sshd-connections.ts";
import { readSyslogLine, type SyslogLine, writerOf } from "../syslog-line.ts";

/** Failures in the log of OpenSSH, from 5 to 10, through syslog or the journal. */
export const sshd: LogFormat = {
  name: "sshd",
  title: "sshd: failed logins",
  sample:
    "May  1 12:00:00 web1 sshd[4711]: Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2",
  isStream: false,
  recognises: (line) =>
    /^sshd(?:-session|-auth)?$/.test(writerOf(line) ?? "") || /^\{.*"SYSLOG_IDENTIFIER" ?: ?"sshd/.test(line),
  open: openSshd,
};

/**
 * sshd cuts its messages at 1023 bytes, and some syslog daemons at 256: behind a long name the peer may be cut off, and what stands at the end is
 * the name's. Nobody's name is so long.
 */
const longestName = 100;

interface Told {
  readonly verb: Verb;
  readonly user: string;
  readonly peer: string;
  readonly port: string;
  readonly times: number;
}

// In each of these the user's name is the attacker's text, so the peer is what stands at the very end.
const tail = String.raw`from (\S{2,64}) port (\d{1,5})(?: ssh\d?)?`;
const failed = new RegExp(
  String.raw`^Failed (?:password|keyboard-interactive[a-z/-]{0,20}|[a-z-]{3,20}/pam) for (.*) ${tail}$`,
  "s",
);
const failedKey = new RegExp(
  String.raw`^Failed (?:publickey|none|hostbased|gssapi[a-z-]{0,20}) for (.*) ${tail}(?:: [A-Z0-9-]{2,20} (?:SHA256:|MD5:)?[\w:+/=]{16,128})?$`,
  "s",
);
const invalid = /^(?:Invalid|Illegal) user (.*) from (\S{2,64})(?: port (\d{1,5}))?$/s;
const pam = /^(?:error: )?PAM: [A-Z][A-Za-z ]{4,60}? for (.*) from (\S{2,64})()$/s;
const tooMany = new RegExp(
  String.raw`^(?:error: )?maximum authentication attempts exceeded for (.*) ${tail}(?: \[preauth\])?$`,
  "s",
);
const gone =
  /^(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user (.*) (\S{2,64}) port (\d{1,5})(?: \[preauth\])?$/s;
const accepted = new RegExp(String.raw`^Accepted [a-z/-]{3,40} for (.*) ${tail}(?:: .*)?$`, "s");
const repeated = /^message repeated (\d{1,4}) times: \[ (.*)\]$/s;
const failures =
  /Failed |(?:Invalid|Illegal) user |PAM: |maximum authentication |(?:closed|reset) by (?:authenticating|invalid) |ted from (?:authenticating|invalid) |"MESSAGE" ?: ?\[/g;
/** Most lines of a busy server tell of logins that went well; they matter only to keys that are held back. */
const failuresAndLogins = new RegExp(`${failures.source}|Accepted `, "g");
/** A program that quotes what others say has another name. */
const programs = /^(?:sshd|sshd-session|sshd-auth)?$/;
/** How these messages begin; a bare one must. */
const begins =
  /^(?:message repeated |Failed |Invalid |Illegal |error: |PAM: |maximum |Connection |Disconnected |Accepted )/;

function openSshd({ times, take }: LineReaderDeps): LineReader {
  const connections = createConnections(take);
  return {
    read(line, isPart) {
      if (isPart) {
        return false;
      }
      const head = readSyslogLine(line, times) ?? bare(line, times.undated());
      if (head === undefined || !programs.test(head.program)) {
        return true;
      }
      const told = readMessage(head.message);
      if (told === undefined) {
        return !/^(?:Failed |Invalid user |error: maximum )/.test(head.message);
      }
      const ip = peerOf(told);
      if (ip !== undefined) {
        connections.hear(head.pid === "" ? told.port : head.pid, told.verb, eventOf(head, ip, told));
      }
      return ip !== undefined || told.verb === "accepted" || told.verb === "over";
    },
    end() {
      connections.end();
    },
    get marks() {
      return connections.held === 0 ? failures : failuresAndLogins;
    },
  };
}

function peerOf({ user, peer }: Told): IpAddress | undefined {
  return user.length > longestName ? undefined : parseIpAddress(peer);
}

/** A message without head, as `sshd -e` writes it. */
function bare(line: string, atMs: number): SyslogLine | undefined {
  return begins.test(line) ? { atMs, program: "", pid: "", message: line.trimEnd() } : undefined;
}

function eventOf({ atMs }: SyslogLine, ip: IpAddress, { user, times }: Told): LogEvent {
  const name = user.replace(/^(?:invalid|illegal) user ?/, "");
  return { ip, atMs, kind: "failed-login", count: times, user: name, detail: null };
}

function readMessage(text: string): Told | undefined {
  const again = matchGroups(repeated, text);
  if (again === undefined) {
    return readOne(text);
  }
  const told = readOne(again(2));
  return told === undefined ? undefined : { ...told, times: Math.max(1, Number(again(1))) };
}

function readOne(text: string): Told | undefined {
  for (const { form, verb } of forms) {
    const group = matchGroups(form, text);
    if (group !== undefined) {
      return { verb, user: group(1), peer: group(2), port: group(3), times: 1 };
    }
  }
  return undefined;
}

const forms: readonly { readonly form: RegExp; readonly verb: Verb }[] = [
  { form: failed, verb: "failed" },
  { form: failedKey, verb: "key" },
  { form: accepted, verb: "accepted" },
  { form: invalid, verb: "ahead" },
  { form: pam, verb: "ahead" },
  { form: tooMany, verb: "over" },
  { form: gone, verb: "over" },
];
