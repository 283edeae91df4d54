import { type IpAddress, parseIpAddress } from "../../../domain/ip-address.ts";
import type { LineReaderDeps, LogEvent, LogTimes } from "../log-event.ts";
import { webAttackOf } from "./web-attacks.ts";

// Both servers write a quote in a request or a user's name as \" or \x22, so the first quote of a line ends what is before the request.
const rest =
  /^"((?:[^"\\]|\\.)*)" (\d{3}) (?:\d{1,20}|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?(?: .*)?$/s;
const request = /^[A-Z]{3,20} (\S+)(?: HTTP\/[\d.]{1,4})?$/;
const stamp = /\[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] $/;
const shape = /^\S{1,300} \S{1,300} .{0,600}?\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "/;

/** True for a line in the common or combined format, also with the virtual host before it. */
export function isAccessLine(line: string): boolean {
  return shape.test(line);
}

/** Takes the events of a line; false when it can't be read. */
export function takeAccess(line: string, times: LogTimes, take: LineReaderDeps["take"]): boolean {
  const events = line === "" ? [] : readAccessLine(line, times);
  events?.forEach(take);
  return events !== undefined;
}

/**
 * The events of a line in the common or combined format: always that somebody asked; a web attack, or a failed login, when it is one.
 * Undefined when it is another line, or when it can't be told for certain who asked.
 */
function readAccessLine(line: string, times: LogTimes): readonly LogEvent[] | undefined {
  const quote = line.indexOf('"');
  const head = quote === -1 ? "" : line.slice(0, quote);
  const time = stamp.exec(head)?.[1];
  const asked = time === undefined ? undefined : readRequest(line.slice(quote));
  const peer = peerOf(head.split(" ", 5));
  if (time === undefined || asked === undefined || peer === undefined) {
    return undefined;
  }
  const atMs = times.access(time) ?? times.undated();
  const event: LogEvent = { ip: peer.ip, atMs, kind: "request", count: 1, user: null, detail: null };
  const detail = webAttackOf(asked.target, asked.texts, asked.status);
  if (detail !== null) {
    return [event, { ...event, kind: "web-attack", detail }];
  }
  return isFailedLogin(asked, peer.user)
    ? [event, { ...event, kind: "failed-login", user: peer.user }]
    : [event];
}

interface Asked {
  readonly line: string;
  readonly target: string;
  readonly status: number;
  /** Referrer and user agent. */
  readonly texts: readonly string[];
}

function readRequest(text: string): Asked | undefined {
  const found = rest.exec(text);
  if (found === null) {
    return undefined;
  }
  const [, line = "", status = "", referrer = "", agent = ""] = found;
  const target = request.exec(line)?.[1] ?? line;
  return { line, target, status: Number(status), texts: [referrer, agent] };
}

function isFailedLogin({ line, status }: Asked, user: string | null): boolean {
  return (status === 401 && user !== null) || isFailedForm(line, status);
}

/** WordPress shows the form again after a wrong password, and goes on after a right one. */
function isFailedForm(asked: string, status: number): boolean {
  return status === 200 && /^POST \/(?:.{0,80}\/)?wp-login\.php(?:[? ]|$)/.test(asked);
}

interface Peer {
  readonly ip: IpAddress;
  readonly user: string | null;
}

/** `address identity user`, or `host address identity user`. With two addresses it can't be told which of them is the attacker's text. */
function peerOf([first = "", second = "", third = "", fourth = ""]: readonly string[]): Peer | undefined {
  const ip = parseIpAddress(first);
  const next = parseIpAddress(second);
  if (ip !== undefined) {
    return next === undefined ? { ip, user: nameOf(third) } : undefined;
  }
  // A list of forwarded addresses begins with what the client has said itself.
  return next === undefined || first.endsWith(",") ? undefined : { ip: next, user: nameOf(fourth) };
}

function nameOf(text: string): string | null {
  return text === "-" || text === "" ? null : text;
}
