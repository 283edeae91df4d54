import { z } from "zod";
import type { LogTimes } from "./log-event.ts";

/** A line that a program wrote through syslog or the journal. */
export interface SyslogLine {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Without folder: `sshd`, `postfix/smtpd`. Empty for a bare message. */
  readonly program: string;
  /** Empty when it is not told. */
  readonly pid: string;
  readonly message: string;
}

// A host's name does not end in a colon: else the program of a line without host would be taken for one, and its text for a program.
const host = String.raw`(?:[^\s[\]]{0,254}[^\s[\]:] )?`;
const stamp =
  String.raw`([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d{1,9})?` +
  String.raw`|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d)(?= ))?)`;
const classic = new RegExp(
  String.raw`^(?:<\d{1,3}>)?(?:(?:[A-Z][a-z]{2} )?(?:${stamp}))(?: [A-Z]{3,5}(?= ))? ${host}([\w./-]{1,64})(?:\[(\d{1,10})\])?: (.*)$`,
  "s",
);
/** RFC 5424, section 6. */
const rfc5424 =
  /^<\d{1,3}>1 (\S{20,35}) \S{1,255} (\S{1,48}) (\S{1,128}) \S{1,32} (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?\ufeff?(.*)$/s;

/**
 * Takes the head off a line: RFC 3164, RFC 5424, ISO time stamps, `journalctl -o short-iso` and `-o json`.
 * Undefined when it has none of these. The head is where a line begins, so text that a program quotes is never taken for one.
 */
export function readSyslogLine(line: string, times: LogTimes): SyslogLine | undefined {
  if (line.startsWith("{")) {
    return readJournalLine(line, times);
  }
  return line.startsWith("<")
    ? (readRfc5424(line, times) ?? readClassic(line, times))
    : readClassic(line, times);
}

/** The program that has written a line, where its head tells; undefined for a line without one. Not of the journal's JSON. */
export function writerOf(line: string): string | undefined {
  return classic.exec(line)?.[3] ?? rfc5424.exec(line)?.[2];
}

function readClassic(line: string, times: LogTimes): SyslogLine | undefined {
  const match = classic.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, short, iso = "", program = "", pid = "", message = ""] = match;
  const atMs = short === undefined ? times.iso(iso) : times.syslog(short);
  return { atMs: atMs ?? times.undated(), program, pid, message };
}

function readRfc5424(line: string, times: LogTimes): SyslogLine | undefined {
  const match = rfc5424.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, stamp = "", program = "", pid = "", message = ""] = match;
  return { atMs: times.iso(stamp) ?? times.undated(), program, pid: pid === "-" ? "" : pid, message };
}

/**
 * One entry of `journalctl -o json`; only the fields we use.
 * Source: systemd.journal-fields(7), "Journal JSON Format" (a message that is not UTF-8 is a list of bytes).
 */
const JournalEntry = z
  .object({
    MESSAGE: z.union([z.string(), z.array(z.number()).transform((bytes) => Buffer.from(bytes).toString())]),
    SYSLOG_IDENTIFIER: z.string(),
    _PID: z.string().optional(),
    SYSLOG_PID: z.string().optional(),
    __REALTIME_TIMESTAMP: z
      .string()
      .regex(/^\d{1,16}$/)
      .optional(),
  })
  .transform(({ MESSAGE, SYSLOG_IDENTIFIER, _PID, SYSLOG_PID, __REALTIME_TIMESTAMP }) => ({
    message: MESSAGE,
    program: SYSLOG_IDENTIFIER,
    pid: _PID ?? SYSLOG_PID ?? "",
    microseconds: __REALTIME_TIMESTAMP,
  }));

function readJournalLine(line: string, times: LogTimes): SyslogLine | undefined {
  const { data } = JournalEntry.safeParse(parsed(line));
  if (data === undefined) {
    return undefined;
  }
  const { microseconds, ...rest } = data;
  const atMs =
    microseconds === undefined ? times.undated() : times.note(Math.floor(Number(microseconds) / 1000));
  return { ...rest, atMs };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
