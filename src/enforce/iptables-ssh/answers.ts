import { type IpAddress, type IpPrefix, parseIpAddress, parseIpPrefix } from "../../domain/ip-address.ts";
import type { Applied, ChangeResult, Drops, FirewallChange, FirewallState } from "../../ports.ts";

/** The request line of one change. */
export function requestLine(change: FirewallChange): string {
  if (change.kind === "remove") {
    return `del ${change.prefix}`;
  }
  return `add ${change.prefix} ${change.seconds === Number.POSITIVE_INFINITY ? "-" : change.seconds}`;
}

/** What the script found. Lines it does not know are left out. */
export function readState(lines: readonly string[]): FirewallState {
  const found = { entries: new Map<IpPrefix, number>(), drops: new Map<IpPrefix, Drops>() };
  const faults: string[] = [];
  const ownAddresses: IpAddress[] = [];
  let capacity: FirewallState["capacity"] = null;
  for (const line of lines) {
    const space = line.indexOf(" ");
    const rest = (): string => line.slice(space + 1);
    switch (line.slice(0, Math.max(space, 0))) {
      case "entry":
        addEntry(found, line, space + 1);
        break;
      case "fault":
        faults.push(rest());
        break;
      case "own":
        ownAddresses.push(...[parseIpAddress(rest())].filter((address) => address !== undefined));
        break;
      case "capacity":
        capacity = readCapacity(rest());
        break;
      default:
    }
  }
  return { ...found, capacity, faults, ownAddresses };
}

interface Found {
  readonly entries: Map<IpPrefix, number>;
  readonly drops: Map<IpPrefix, Drops>;
}

/** Of 100,000 lines, splitting each into words would leave 15 MB behind. */
function addEntry({ entries, drops }: Found, line: string, start: number): void {
  const end = line.indexOf(" ", start);
  const prefix = end < 0 ? undefined : parseIpPrefix(line.slice(start, end));
  if (prefix === undefined) {
    return;
  }
  const counters = line.indexOf(" ", end + 1);
  const seconds = line.slice(end + 1, counters < 0 ? undefined : counters);
  entries.set(prefix, seconds === "-" ? Number.POSITIVE_INFINITY : readNumber(seconds));
  if (counters >= 0) {
    const [packets, bytes] = line.slice(counters + 1).split(" ", 2);
    drops.set(prefix, { packets: readNumber(packets), bytes: readNumber(bytes) });
  }
}

function readCapacity(text: string): FirewallState["capacity"] {
  const [used, most] = text.split(" ", 2);
  return { used: readNumber(used), most: readNumber(most) };
}

/** What became of each change; one that the script does not mention has failed. */
export function readApplied(changes: readonly FirewallChange[], lines: readonly string[]): Applied {
  const said = new Map<string, string>();
  const repaired: string[] = [];
  for (const line of lines) {
    const [word, prefix = ""] = line.split(" ", 2);
    if (word === "repaired") {
      repaired.push(restOf(line));
    } else {
      said.set(prefix, line);
    }
  }
  return { results: changes.map((change) => resultOf(change, said.get(change.prefix))), repaired };
}

/**
 * Why the default gateway can't be reached, in words; null when it answers. Of several gateways of one IP version one is
 * enough: the others may be there for the day it fails.
 */
export function silentGateways(lines: readonly string[]): string | null {
  const gateways = lines.flatMap((line) => {
    const [word, address = "", state] = line.split(" ", 3);
    return word === "gateway" && state !== undefined ? [{ address, isSilent: state === "silent" }] : [];
  });
  const silent = [false, true].flatMap((isIpv6) => {
    const family = gateways.filter(({ address }) => address.includes(":") === isIpv6);
    return family.every(({ isSilent }) => isSilent) ? family.map(({ address }) => address) : [];
  });
  return silent.length === 0 ? null : `its default gateway ${silent.join(" and ")} does not answer`;
}

/** Why the whole request failed; undefined when it did not. */
export function wholeFault(lines: readonly string[]): string | undefined {
  const line = lines.find((line) => line.startsWith("error "));
  return line === undefined ? undefined : restOf(line);
}

/** 0 for what is none. */
function readNumber(text: string | undefined): number {
  const number = Number(text);
  return Number.isFinite(number) && number >= 0 ? number : 0;
}

function resultOf(change: FirewallChange, line: string | undefined): ChangeResult {
  const [word, , ...why] = (line ?? "").split(" ");
  if (word === "verified") {
    return { change, outcome: "verified", reason: "" };
  }
  const reason = why.join(" ");
  return word === "applied" || word === "refused" || word === "failed"
    ? { change, outcome: word, reason }
    : { change, outcome: "failed", reason: "the host did not say what became of it" };
}

function restOf(line: string): string {
  return line.slice(line.indexOf(" ") + 1);
}
