import type { IpPrefix } from "../domain/ip-address.ts";
import type { FirewallChange, FirewallState } from "../ports.ts";
import { earlySeconds, lateSeconds, longestSeconds } from "./plan.ts";

export interface DriftInput {
  readonly state: Pick<FirewallState, "entries" | "faults">;
  /** What is to be done about the difference between what should be there and what is. */
  readonly changes: readonly FirewallChange[];
  /** Networks about which a request is open: a difference is to be expected. */
  readonly open: ReadonlySet<IpPrefix>;
}

/** Networks named in one finding. */
const named = 3;

/** What somebody else must have changed on a firewall, in words: differences that no request and no passing of time explains. */
export function findDrift({ state: { entries, faults }, changes, open }: DriftInput): readonly string[] {
  const missing: IpPrefix[] = [];
  const foreign: IpPrefix[] = [];
  const mistimed: IpPrefix[] = [];
  for (const change of changes) {
    const { kind, prefix } = change;
    const actual = entries.get(prefix);
    if (open.has(prefix)) {
      continue;
    }
    if (kind === "remove") {
      if (actual !== undefined && actual > lateSeconds) {
        foreign.push(prefix);
      }
    } else if (actual === undefined) {
      if (change.seconds > earlySeconds) {
        missing.push(prefix);
      }
    } else if (change.seconds !== longestSeconds || actual > longestSeconds) {
      mistimed.push(prefix);
    }
  }
  return [
    ...faults,
    ...described(missing, "was missing", "were missing"),
    ...described(foreign, "was blocked by somebody else", "were blocked by somebody else"),
    ...described(mistimed, "had another end", "had another end"),
  ];
}

function described(prefixes: readonly IpPrefix[], one: string, several: string): readonly string[] {
  const [first] = prefixes;
  if (first === undefined) {
    return [];
  }
  if (prefixes.length === 1) {
    return [`${first} ${one}`];
  }
  const more = prefixes.length > named ? ", …" : "";
  return [`${prefixes.length} networks ${several}: ${prefixes.slice(0, named).join(", ")}${more}`];
}
