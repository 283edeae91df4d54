import { type Assemble, type AssembleDeps, readWindowsTime } from "./failed-log-on.ts";
import { firstSentence, readMessage } from "./text-message.ts";

const mostKept = 64 * 1024;
/** Where the next event begins, in exports of the event viewer, wevtutil, Get-WinEvent and Splunk. */
const nextEvent =
  /^(?:Event\[\d+\]|Audit (?:Success|Failure)\b|Information\b|TimeCreated\s|LogName=|(?:0?\d|1\d|2\d|3[01])[/.]\d{1,2}[/.]\d{4},? )/;
const lastLine = /^\s{0,40}Key Length:/;
/** What may stand before an event's first sentence. A field of another event may not: a name in it is the attacker's text. */
const prefix =
  /^(?:"|Message\s{0,20}[=:]\s{0,4}|Audit (?:Success|Failure)\b.*|Information\b.*|(?:<\d{1,3}>)?(?:\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{1,2}[/.]\d{1,2}[/.]\d{4}).*)?$/s;
/** A field of another event on one line: a name in it is the attacker's text too. */
const otherField =
  /\b(?:Account|Workstation|Client|Supplied|Caller|Subject|Service|Target|Logon|User) ?\w{0,20}:\s/;
const timeIn =
  /(?:^|[\s,:"=])(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\d{1,2}[/.]\d{1,2}[/.]\d{4},? \d{1,2}:\d\d:\d\d(?: [AP]M)?)/;

/** Events in texts of many lines: the event viewer, `wevtutil /f:text`, `Get-WinEvent | Format-List`, Splunk; or on one line each. */
export function createTextAssembler({ times, found, unclear }: AssembleDeps): Assemble {
  let body: string | null = null;
  let atMs: number | undefined;
  const close = (): void => {
    if (body !== null) {
      const message = body.length > mostKept ? undefined : readMessage(`${body}\n`);
      body = null;
      if (message === undefined) {
        unclear();
      } else {
        found({ ...message, atMs });
      }
    }
  };
  const begin = (line: string, start: number): void => {
    const time = timeIn.exec(start === -1 ? line.slice(0, 300) : line.slice(0, start))?.[1];
    atMs = time === undefined ? atMs : readWindowsTime(time, times);
    body = start === -1 ? null : line.slice(start);
  };
  const goOn = (line: string): void => {
    body = body === null || body.length > mostKept ? body : `${body}\n${line}`;
  };
  return {
    add(line, isPart) {
      const start = startOf(line);
      if (start !== -1 || nextEvent.test(line)) {
        close();
      }
      if (body === null) {
        begin(line, start);
      } else {
        goOn(line);
      }
      if (isPart) {
        body = body?.padEnd(mostKept + 1) ?? null; // what is cut can't be trusted
      }
      const isOneLine = start !== -1 && line.includes("Source Network Address:", start);
      if (isOneLine || lastLine.test(line)) {
        close();
      }
    },
    end: close,
  };
}

/** Where an event's text begins; -1: not in this line. */
function startOf(line: string): number {
  const start = line.indexOf(firstSentence);
  const before = line.slice(0, Math.max(0, start));
  return start !== -1 && prefix.test(before) && !otherField.test(before) ? start : -1;
}
