import {
  type Assemble,
  type AssembleDeps,
  type FailedLogOn,
  readWindowsTime,
  userOf,
} from "./failed-log-on.ts";
import type { LogTimes } from "../../log-event.ts";
import { createObjectSplitter } from "./split-objects.ts";
import { readMessage } from "./text-message.ts";

/**
 * Events in JSON: one on a line, one on many lines, or a list of them; as winlogbeat, NXLog, evtx_dump, `ConvertTo-Json` and others write
 * them, who all keep the names of Windows.
 */
export function createJsonAssembler({ times, found, unclear }: AssembleDeps): Assemble {
  const split = createObjectSplitter((text) => {
    if (!text.includes("4625")) {
      return;
    }
    const value = parsed(text);
    if (value === undefined) {
      unclear();
    }
    for (const fields of eventsIn(value, 0)) {
      found(readEvent(fields, times));
    }
  });
  return { add: (line, isPart) => split.add(isPart ? line : `${line}\n`), end: () => undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Fields = ReadonlyMap<string, string>;

const deepest = 8;
const mostFields = 500;

/** Each object that is an event 4625, as its fields. */
function eventsIn(value: unknown, depth: number): readonly Fields[] {
  if (typeof value !== "object" || value === null || depth > deepest) {
    return [];
  }
  if (Array.isArray(value)) {
    return value.flatMap((one) => eventsIn(one, depth + 1));
  }
  const lists = Object.values(value).filter((one) => Array.isArray(one) && one.some(isEventLike));
  if (lists.length > 0) {
    return lists.flatMap((one) => eventsIn(one, depth + 1));
  }
  const fields = new Map<string, string>();
  gather(value, "", fields, 0);
  return first(fields, eventIds) === "4625" ? [fields] : [];
}

/** Fields of one event are lists too, but none of their members has a number of its own. */
function isEventLike(value: unknown): boolean {
  const fields = new Map<string, string>();
  gather(value, "", fields, 0);
  return first(fields, eventIds) !== undefined;
}

/** Every text and number by its path in lower case: `.event.eventdata.ipaddress`. The first of a path counts. */
function gather(value: unknown, path: string, fields: Map<string, string>, depth: number): void {
  if (depth > deepest || fields.size > mostFields) {
    return;
  }
  if (typeof value === "string" || typeof value === "number") {
    fields.set(path, fields.get(path) ?? String(value));
  } else if (Array.isArray(value)) {
    for (const one of value) {
      gather(one, path, fields, depth + 1);
    }
  } else if (typeof value === "object" && value !== null) {
    gatherObject(value, path, fields, depth);
  }
}

function gatherObject(value: object, path: string, fields: Map<string, string>, depth: number): void {
  const named = namedText(value);
  const entries = named === undefined ? Object.entries(value) : [[named.name, named.text] as const];
  for (const [key, one] of entries) {
    const step =
      named === undefined && /^(?:#text|#attributes|value)$/i.test(key) ? "" : `.${key.toLowerCase()}`;
    gather(one, `${path}${step}`, fields, depth + 1);
  }
}

/** `{"@Name": "IpAddress", "#text": "203.0.113.9"}`, as converters from XML write it. */
function namedText(value: object): { readonly name: string; readonly text: unknown } | undefined {
  const entries = new Map<string, unknown>(Object.entries(value));
  const name = entries.get("@Name") ?? entries.get("Name");
  const text = entries.get("#text") ?? entries.get("Value") ?? entries.get("content");
  return typeof name === "string" && typeof text === "string"
    ? { name: name.toLowerCase(), text }
    : undefined;
}

const eventIds = [".eventid", ".event_id", ".eventcode", ".event.code", ".winlog.event_id", "^.id"];
const addresses = [".ipaddress", ".source.ip", ".source_network_address"];
const users = [".targetusername", ".user.name", ".account_name"];
const stamps = [".systemtime", ".@timestamp", ".timecreated", ".eventtime", ".timestamp", ".timegenerated"];
const messages = [".message", ".renderedmessage"];

function readEvent(fields: Fields, times: LogTimes): FailedLogOn {
  const atMs = readWindowsTime(first(fields, stamps) ?? "", times);
  const address = first(fields, addresses);
  if (address !== undefined) {
    return { address: address.trim(), user: userOf(first(fields, users)), atMs };
  }
  const message = readMessage(`${first(fields, messages) ?? ""}\n`);
  return { address: message?.address ?? "?", user: message?.user ?? null, atMs };
}

/** The value of the first of these ends of a path; `^` stands for the whole path. */
function first(fields: Fields, ends: readonly string[]): string | undefined {
  for (const end of ends) {
    for (const [path, value] of fields) {
      if (end.startsWith("^") ? path === end.slice(1) : path.endsWith(end)) {
        return value;
      }
    }
  }
  return undefined;
}
