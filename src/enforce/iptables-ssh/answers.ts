import {
  familyOf,
  type IpAddress,
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
  prefixOf,
} from "../../domain/ip-address.ts";
import type { Applied, ChangeResult, FirewallChange, FirewallState } from "../../ports.ts";

/** The request line of one change. */
export function requestLine(change: FirewallChange): string {
  return change.kind === "add" ? `add ${change.prefix} ${change.seconds}` : `del ${change.prefix}`;
}

/** What the script found. Lines it does not know are left out. */
export function readState(lines: readonly string[]): FirewallState {
  const entries = new Map<IpPrefix, number>();
  const faults: string[] = [];
  const ownAddresses: IpAddress[] = [];
  for (const line of lines) {
    const [word, value = "", seconds] = line.split(" ", 3);
    if (word === "entry") {
      const prefix = readPrefix(value);
      if (prefix !== undefined) {
        entries.set(prefix, seconds === "-" ? Number.POSITIVE_INFINITY : Number(seconds));
      }
    } else if (word === "fault") {
      faults.push(restOf(line));
    } else if (word === "own") {
      const address = parseIpAddress(value);
      if (address !== undefined) {
        ownAddresses.push(address);
      }
    }
  }
  return { entries, faults, ownAddresses };
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

/** Why the whole request failed; undefined when it did not. */
export function wholeFault(lines: readonly string[]): string | undefined {
  const line = lines.find((line) => line.startsWith("error "));
  return line === undefined ? undefined : restOf(line);
}

/** Single IPv4 addresses, of which there may be 100,000, take a tenth of the time this way. */
function readPrefix(text: string): IpPrefix | undefined {
  const address = text.endsWith("/32") ? parseIpAddress(text.slice(0, -3)) : undefined;
  return address !== undefined && familyOf(address) === 4 ? prefixOf(address) : parseIpPrefix(text);
}

function resultOf(change: FirewallChange, line: string | undefined): ChangeResult {
  const [word, , ...why] = (line ?? "").split(" ");
  if (word === "verified") {
    return { change, outcome: "verified", reason: "" };
  }
  const reason = why.join(" ");
  return word === "refused" || word === "failed"
    ? { change, outcome: word, reason }
    : { change, outcome: "failed", reason: "the host did not say what became of it" };
}

function restOf(line: string): string {
  return line.slice(line.indexOf(" ") + 1);
}
