import type { BudgetWindow, QuotaWindow } from "../../ports.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const lengths: Readonly<Record<QuotaWindow["name"], number>> = {
  minute: 60_000,
  hour: hourMs,
  day: dayMs,
  week: 7 * dayMs,
  month: 31 * dayMs,
};

/** Of a window that slides so many moments are kept; a larger one is counted as a whole from its first call on. */
const mostMoments = 1000;

/** When nobody knows when a spent budget comes back, it is tried once in this time. */
const probeMs = 15 * 60_000;

/** The day of a provider need not be ours to the second. */
const toleranceMs = hourMs;

/** A window in which nothing is spent. */
export function newWindow(quota: QuotaWindow, now: Date): BudgetWindow {
  const { name, limit } = quota;
  const counted = countedOf(quota);
  const startedAt = counted === "calendar" ? calendarStart(name, now) : now;
  const resetsAt = counted === "calendar" ? nextStart(name, startedAt) : null;
  return { name, limit, used: 0, counted, startedAt, resetsAt, recent: [] };
}

function countedOf({ name, isCalendar, left, resetsAt }: QuotaWindow): BudgetWindow["counted"] {
  if (name === "minute") {
    return "sliding";
  }
  if (isCalendar === true) {
    return "calendar";
  }
  return left === undefined && resetsAt === undefined ? "sliding" : "told";
}

/**
 * The window as it is at this moment. When its time is over it is a new one. A clock that was put back never gives anything back: the
 * window stays, unless it would begin more than its own length from now; then it counts for the time in which we are, with what was spent.
 */
export function windowAt(window: BudgetWindow, now: Date): BudgetWindow {
  const moments = recentAt(window, now);
  const recent = moments.every((moment, index) => moment === window.recent[index]) ? window.recent : moments;
  const same = recent === window.recent ? window : { ...window, recent };
  if (window.counted === "sliding") {
    return window.limit > mostMoments ? wholeAt(same, now) : slidingAt(same, now);
  }
  return window.counted === "calendar" ? calendarAt(same, now) : toldAt(same, now);
}

/** What was spent in a future that has not come yet, as far as the clock knows, was spent now. */
function recentAt({ recent }: BudgetWindow, now: Date): readonly Date[] {
  return recent.map((moment) => (moment > now ? now : moment));
}

function calendarAt(window: BudgetWindow, now: Date): BudgetWindow {
  const startedAt = calendarStart(window.name, now);
  const isNext = startedAt > window.startedAt;
  const isFarBack = now.getTime() < window.startedAt.getTime() - lengths[window.name];
  if (!isNext && !isFarBack) {
    return window;
  }
  const used = isNext ? 0 : window.used;
  return { ...window, used, startedAt, resetsAt: nextStart(window.name, startedAt) };
}

function toldAt(window: BudgetWindow, now: Date): BudgetWindow {
  const { resetsAt, startedAt } = window;
  if (resetsAt !== null && resetsAt <= now) {
    return { ...window, used: 0, startedAt: now, resetsAt: null };
  }
  if (resetsAt !== null && !isCredibleReset(window.name, resetsAt, now)) {
    return { ...window, startedAt: now, resetsAt: null };
  }
  return startedAt > now ? { ...window, startedAt: now } : window;
}

function slidingAt(window: BudgetWindow, now: Date): BudgetWindow {
  const from = now.getTime() - lengths[window.name];
  const recent = window.recent.filter((moment) => moment.getTime() > from);
  const isSame = recent.length === window.recent.length && window.used === recent.length;
  return isSame ? window : { ...window, recent, used: recent.length, startedAt: recent[0] ?? now };
}

function wholeAt(window: BudgetWindow, now: Date): BudgetWindow {
  if (now.getTime() >= window.startedAt.getTime() + lengths[window.name]) {
    return { ...window, used: 0, startedAt: now };
  }
  return window.startedAt > now ? { ...window, startedAt: now } : window;
}

/** The window with one call more. */
export function withOneMore(window: BudgetWindow, now: Date): BudgetWindow {
  const slides = window.counted === "sliding" && window.limit <= mostMoments;
  const recent = slides ? [...window.recent, now] : [now];
  return {
    ...window,
    used: window.used + 1,
    recent,
    startedAt: window.used === 0 ? firstOf(window, now) : window.startedAt,
  };
}

function firstOf({ counted, startedAt }: BudgetWindow, now: Date): Date {
  return counted === "sliding" ? now : startedAt;
}

export function leftOf({ limit, used }: BudgetWindow): number {
  return Math.max(0, limit - used);
}

/** Its length in milliseconds; a month is 31 days. */
export function lengthMsOf({ name }: Pick<BudgetWindow, "name">): number {
  return lengths[name];
}

/** When it ends, or is likely to when nobody knows. For one that slides: when the first call comes back. */
export function endOf({ name, resetsAt, startedAt }: BudgetWindow): Date {
  return resetsAt ?? new Date(startedAt.getTime() + lengths[name]);
}

/** When a spent window gives the next call: the moment itself when it may be tried now. */
export function freeAgainAt(window: BudgetWindow, now: Date): Date {
  if (window.counted !== "told" || window.resetsAt !== null) {
    return endOf(window);
  }
  const last = window.recent.at(-1);
  return last === undefined ? now : new Date(last.getTime() + probeMs);
}

/** False for a moment that is past, or further away than such a window is long. */
export function isCredibleReset(name: BudgetWindow["name"], resetsAt: Date, now: Date): boolean {
  return resetsAt > now && resetsAt.getTime() <= now.getTime() + lengths[name] + toleranceMs;
}

function calendarStart(name: BudgetWindow["name"], now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (name === "minute" || name === "hour") {
    return new Date(Math.floor(now.getTime() / lengths[name]) * lengths[name]);
  }
  const monday = day - ((now.getUTCDay() + 6) % 7);
  return new Date(Date.UTC(year, month, { day, week: monday, month: 1 }[name]));
}

function nextStart(name: BudgetWindow["name"], start: Date): Date {
  return name === "month"
    ? new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1))
    : new Date(start.getTime() + lengths[name]);
}
