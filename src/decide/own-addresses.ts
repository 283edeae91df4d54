import { messageOf } from "../domain/errors.ts";
import { parseIpAddress, prefixOf } from "../domain/ip-address.ts";
import type { NamedNetwork } from "../domain/network-index.ts";
import type { Log, Store } from "../ports.ts";
import { type Complaints, createComplaints } from "./complaints.ts";
import { inTime } from "./in-time.ts";
import { keepUnchanged } from "./keep-unchanged.ts";
import { isSameNetwork } from "./same-network.ts";

export interface OwnAddressesDeps {
  /** Addresses of this machine. */
  readonly interfaces: () => readonly string[];
  /** Name servers this machine asks. */
  readonly resolvers: () => readonly string[];
  /** Machines over which this one reaches others. */
  readonly gateways: () => readonly string[];
  /** Hosts that Portcullis needs, by name or address, with what they are. */
  readonly hosts: readonly { readonly host: string; readonly why: string }[];
  /** Networks that are known from the settings, e.g. of trusted proxies and of Splunk. */
  readonly networks: readonly NamedNetwork[];
  /** Addresses of a host name. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  readonly store: Pick<Store, "firewalls">;
  readonly log: Log;
}

export interface OwnAddresses {
  /** Reads everything again. What can't be read or resolved now keeps the addresses it had. Never rejects. @returns true when all is known */
  refresh(): Promise<boolean>;
  /** Reads again what the firewalls have told of themselves. Never rejects. */
  refreshFirewalls(): Promise<void>;
  /** The same array while nothing has changed. */
  list(): readonly NamedNetwork[];
}

/** A name server that hangs must not hold up the start for long. */
const lookUpMs = 3000;

/** Ourselves and everybody we depend on: blocking one of these would cut the branch we sit on. */
export function createOwnAddresses(deps: OwnAddressesDeps): OwnAddresses {
  const { networks, store, log } = deps;
  // By what they are of, in the order in which they were first known.
  const found: Found = new Map();
  const seen: Seen = new Map();
  const complaints = createComplaints(log);
  let current = networks;

  const assemble = (): void => {
    current = keepUnchanged(current, [...networks, ...[...found.values()].flat()], isSameNetwork);
  };
  const refreshFirewalls = async (): Promise<void> => {
    try {
      const firewalls = await store.firewalls();
      const told = firewalls.flatMap(({ name, ownAddresses }) =>
        networksOf(ownAddresses, `an address, gateway or login peer of firewall ${name}`),
      );
      found.set("firewalls", told);
      complaints.end("firewalls");
    } catch (error) {
      complaints.tell(
        "firewalls",
        { error: messageOf(error) },
        "the firewalls' own addresses can't be read now, keeping those known",
      );
    }
    assemble();
  };

  return {
    async refresh() {
      const read = (["interfaces", "resolvers", "gateways"] as const).map((part) =>
        readMachine(deps, part, { found, complaints }),
      );
      const resolved = await Promise.all(
        deps.hosts.map((host) => resolve(deps, host, { found, seen, complaints })),
      );
      await refreshFirewalls();
      return [...read, ...resolved].every(Boolean);
    },
    refreshFirewalls,
    list: () => current,
  };
}

type Found = Map<string, readonly NamedNetwork[]>;

interface Known {
  readonly found: Found;
  readonly seen: Seen;
  readonly complaints: Complaints;
}

const whyOfMachine = {
  interfaces: "an address of this machine",
  resolvers: "a name server of this machine",
  gateways: "a gateway of this machine",
} as const;

/** False when it failed; then `found` stays as it is. */
function readMachine(
  deps: OwnAddressesDeps,
  part: keyof typeof whyOfMachine,
  { found, complaints }: Pick<Known, "found" | "complaints">,
): boolean {
  try {
    found.set(part, networksOf(deps[part](), whyOfMachine[part]));
    complaints.end(part);
    return true;
  } catch (error) {
    complaints.tell(
      part,
      { error: messageOf(error) },
      `${part} of this machine can't be read now, so new ones can't be protected from being blocked`,
    );
    return false;
  }
}

/** When each address of a host was last told, in milliseconds of the steady clock. */
type Seen = Map<string, Map<string, number>>;

/** Name servers that take turns tell another part of the addresses each time. */
const rememberMs = 24 * 3_600_000;

/** False when it failed; then `found` stays as it is. */
async function resolve(
  { lookUp }: OwnAddressesDeps,
  { host, why }: OwnAddressesDeps["hosts"][number],
  { found, seen, complaints }: Known,
): Promise<boolean> {
  try {
    const addresses = remembered(seen, host, await addressesOf(host, lookUp));
    found.set(`host ${host}: ${why}`, networksOf(addresses, `${why} (${host})`));
    complaints.end(`host ${host}`);
    return true;
  } catch (error) {
    complaints.tell(
      `host ${host}`,
      { host, why, error: messageOf(error) },
      "host can't be resolved, so its address can't be protected from being blocked",
    );
    return false;
  }
}

/** These, and what was told in the last day. */
function remembered(seen: Seen, host: string, addresses: readonly string[]): readonly string[] {
  const nowMs = performance.now();
  const known = seen.get(host) ?? new Map<string, number>();
  seen.set(host, known);
  for (const address of addresses) {
    known.set(address, nowMs);
  }
  for (const [address, toldMs] of known) {
    if (nowMs - toldMs > rememberMs) {
      known.delete(address);
    }
  }
  return [...known.keys()];
}

async function addressesOf(host: string, lookUp: OwnAddressesDeps["lookUp"]): Promise<readonly string[]> {
  if (parseIpAddress(host) !== undefined) {
    return [host];
  }
  const addresses = await inTime(lookUp(host), lookUpMs);
  if (addresses.length === 0) {
    throw new Error("it has no address");
  }
  return addresses;
}

/** In an order of their own: name servers answer in another one each time. */
function networksOf(addresses: readonly string[], why: string): readonly NamedNetwork[] {
  return addresses
    .flatMap((text) => parseIpAddress(text) ?? [])
    .toSorted()
    .map((ip) => ({ prefix: prefixOf(ip), why }));
}
