import type { LogTimes } from "./log-event.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const dayMs = 86_400_000;

const syslogForm = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d)/;
const isoForm = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d))?$/;
const accessForm = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/;
const ctimeForm = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d)(?:\.(\d{3})\d{0,6})? (\d{4})$/;

/**
 * Reads time stamps. Those without a zone are this machine's local time, because syslog writes no zone.
 * @param referenceMs gives when the log was last written: a stamp without a year is the latest one that is not more than a day after it
 */
export function createLogTimes(referenceMs: () => number): LogTimes {
  let lastMs: number | undefined;
  const note = (atMs: number): number => {
    lastMs = atMs;
    return atMs;
  };
  const noted = (atMs: number): number | undefined => (Number.isFinite(atMs) ? note(atMs) : undefined);
  // Most lines are of the same minute as the one before, and finding local time out is slow.
  let minute = "";
  let minuteMs: number | undefined;
  return {
    syslog(text) {
      if (text.slice(0, 12) !== minute) {
        minute = text.slice(0, 12);
        minuteMs = minuteOf(minute, referenceMs());
      }
      return minuteMs === undefined ? undefined : noted(minuteMs + Number(text.slice(13, 15)) * 1000);
    },
    iso: (text) => noted(isoMs(text)),
    access: (text) => noted(accessMs(text)),
    ctime: (text) => noted(ctimeMs(text)),
    note,
    undated: () => lastMs ?? referenceMs(),
  };
}

function minuteOf(text: string, referenceMs: number): number | undefined {
  const [, monthText = "", day = "", hours = "", minutes = ""] = syslogForm.exec(text) ?? [];
  const month = months.indexOf(monthText);
  if (month === -1) {
    return undefined;
  }
  const year = new Date(referenceMs).getFullYear() + 1;
  // Four years back there is a 29 February, but for the turn of some centuries.
  for (const back of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const date = new Date(year - back, month, Number(day), Number(hours), Number(minutes));
    if (date.getMonth() === month && date.getTime() <= referenceMs + dayMs) {
      return date.getTime();
    }
  }
  return undefined;
}

function isoMs(text: string): number {
  const [, date = "", time = "", fraction = "", zone = ""] = isoForm.exec(text) ?? [];
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  return date === "" ? Number.NaN : Date.parse(`${date}T${time}.${`${fraction}000`.slice(0, 3)}${colon}`);
}

function accessMs(text: string): number {
  const [, day = "", month = "", year = "", time = "", hours = "", minutes = ""] =
    accessForm.exec(text) ?? [];
  return Date.parse(`${year}-${monthNumber(month)}-${day}T${time}${hours}:${minutes}`);
}

function ctimeMs(text: string): number {
  const [, month = "", day = "", time = "", fraction = "000", year = ""] = ctimeForm.exec(text) ?? [];
  return Date.parse(`${year}-${monthNumber(month)}-${day.replace(" ", "0")}T${time}.${fraction}`);
}

function monthNumber(name: string): string {
  return String(months.indexOf(name) + 1).padStart(2, "0");
}
