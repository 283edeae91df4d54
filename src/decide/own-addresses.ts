import { messageOf } from "../domain/errors.ts";
import { type IpPrefix, parseIpAddress, prefixOf } from "../domain/ip-address.ts";
import type { Log, Store } from "../ports.ts";

/** A network that must never be blocked, and why, in words. */
export interface OwnNetwork {
  readonly prefix: IpPrefix;
  readonly why: string;
}

export interface OwnAddressesDeps {
  /** Addresses of this machine. */
  readonly interfaces: () => readonly string[];
  /** Name servers this machine asks. */
  readonly resolvers: () => readonly string[];
  /** Hosts that Portcullis needs, by name or address, with what they are. */
  readonly hosts: readonly { readonly host: string; readonly why: string }[];
  /** Networks that are known from the settings, e.g. of trusted proxies and of Splunk. */
  readonly networks: readonly OwnNetwork[];
  /** Addresses of a host name. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  readonly store: Pick<Store, "firewalls">;
  readonly log: Log;
}

export interface OwnAddresses {
  /** Reads everything again. A host that can't be resolved now keeps the addresses it had. Never rejects. @returns true when all is known */
  refresh(): Promise<boolean>;
  /** Reads again what the firewalls have told of themselves. Never rejects. */
  refreshFirewalls(): Promise<void>;
  list(): readonly OwnNetwork[];
}

/** A name server that hangs must not hold up the start for long. */
const lookUpMs = 3000;

/** Ourselves and everybody we depend on: blocking one of these would cut the branch we sit on. */
export function createOwnAddresses(deps: OwnAddressesDeps): OwnAddresses {
  const ofHost = new Map<string, readonly OwnNetwork[]>();
  let ofMachine: readonly OwnNetwork[] = [];
  let ofFirewalls: readonly OwnNetwork[] = [];
  let current: readonly OwnNetwork[] = [];

  const assemble = (): void => {
    current = [...deps.networks, ...ofMachine, ...[...ofHost.values()].flat(), ...ofFirewalls];
  };

  const refreshFirewalls = async (): Promise<void> => {
    try {
      const firewalls = await deps.store.firewalls();
      ofFirewalls = firewalls.flatMap(({ name, ownAddresses }) =>
        networksOf(ownAddresses, `${firewallWhy} ${name}`),
      );
      assemble();
    } catch (error) {
      deps.log.warn(
        { error: messageOf(error) },
        "the firewalls' own addresses can't be read now, keeping those known",
      );
    }
  };

  return {
    async refresh() {
      const resolved = await Promise.all(deps.hosts.map((host) => resolve(deps, host, ofHost)));
      ofMachine = [
        ...networksOf(deps.interfaces(), "an address of this machine"),
        ...networksOf(deps.resolvers(), "a name server of this machine"),
      ];
      await refreshFirewalls();
      return resolved.every(Boolean);
    },
    refreshFirewalls,
    list: () => current,
  };
}

/** False when it failed; then `ofHost` stays as it is. */
async function resolve(
  { lookUp, log }: OwnAddressesDeps,
  { host, why }: OwnAddressesDeps["hosts"][number],
  ofHost: Map<string, readonly OwnNetwork[]>,
): Promise<boolean> {
  try {
    const addresses = parseIpAddress(host) === undefined ? await inTime(lookUp(host)) : [host];
    ofHost.set(host, networksOf(addresses, `${why} (${host})`));
    return true;
  } catch (error) {
    log.warn(
      { host, why, error: messageOf(error) },
      "host can't be resolved, so its address can't be protected from being blocked",
    );
    return false;
  }
}

const firewallWhy = "an address, gateway or login peer of firewall";

function networksOf(addresses: readonly string[], why: string): readonly OwnNetwork[] {
  return addresses.flatMap((text) => {
    const ip = parseIpAddress(text);
    return ip === undefined ? [] : [{ prefix: prefixOf(ip), why }];
  });
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${lookUpMs} ms`));
    }, lookUpMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
