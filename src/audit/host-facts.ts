import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { type Listener, readListeners } from "./read-listeners.ts";
import type { Family } from "./rule.ts";

/** Raw texts about one host by section: what `inspect` brings. */
export type Sections = ReadonlyMap<string, readonly string[]>;

export interface HostAddress {
  readonly interface: string;
  readonly family: Family;
  readonly address: IpAddress;
  /** Not private, link-local or the like. */
  readonly isPublic: boolean;
}

/** What is to know about a host besides its rules. */
export interface HostFacts {
  /** Where packets of strangers come in: the interfaces of the default routes, or else all that lead anywhere. */
  readonly worldInterfaces: readonly string[];
  readonly addresses: readonly HostAddress[];
  /** Null when the host did not say. */
  readonly listeners: readonly Listener[] | null;
  readonly sysctl: ReadonlyMap<string, string>;
  readonly isIpv6On: boolean;
  readonly forwards: { readonly 4: boolean; readonly 6: boolean };
  /** Its own `iptables`: which kind, or null without one. */
  readonly iptables: "iptables-nft" | "iptables-legacy" | null;
  readonly hasNft: boolean;
  readonly conntrack: { readonly count: number; readonly max: number } | null;
  /** Names of programs that manage the rules and are active. */
  readonly managers: readonly string[];
  readonly defaultRoutes: number;
  /** The SSH session that read all this, as the host sees it; null when it did not say. */
  readonly connection: { readonly peer: IpAddress; readonly port: number } | null;
}

export function readHostFacts(sections: Sections): HostFacts {
  const lines = (name: string): readonly string[] => sections.get(name) ?? [];
  const sysctl = readSysctl(lines("sysctl"));
  const addresses = lines("addr")
    .map(readAddress)
    .filter((address) => address !== undefined);
  const routes = defaultRoutes(lines("route"));
  const others = [...new Set(addresses.map((address) => address.interface))].filter((name) => !isInner(name));
  const isOn = (name: string): boolean => Number(sysctl.get(name) ?? "0") > 0;
  return {
    worldInterfaces: routes.length > 0 ? [...new Set(routes)] : others,
    addresses,
    listeners: sections.has("listen") ? readListeners(lines("listen")) : null,
    sysctl,
    isIpv6On: isIpv6On(lines("ip6"), addresses),
    forwards: { 4: isOn("net.ipv4.ip_forward"), 6: isOn("net.ipv6.conf.all.forwarding") },
    iptables: iptablesKind(lines("iptables").join(" ")),
    hasNft: lines("nft").some((line) => /^nft(?:ables)? v\d/.test(line)),
    conntrack: readConntrack(lines("conntrack")),
    managers: lines("managers")
      .filter((line) => /\bactive\b/.test(line) && !/\binactive\b/.test(line))
      .map((line) => line.split(/[ :]/)[0] ?? ""),
    defaultRoutes: new Set(routes).size,
    connection: readConnection(lines("connection")[0] ?? ""),
  };
}

/** Both `name value` and `name = value`; a name may leave out what comes before `ip_forward` and the like. */
function readSysctl(lines: readonly string[]): ReadonlyMap<string, string> {
  const entries = lines
    .map((line) => /^([a-z0-9_./-]+)\s*[= ]\s*(\S+)$/i.exec(line.trim()))
    .filter((found) => found !== null)
    .map(([, name = "", value = ""]) => [name.replaceAll("/", "."), value] as const);
  return new Map(entries);
}

function readAddress(line: string): HostAddress | undefined {
  const found = /^\d+: (\S+?)(?:@\S+)?\s+(inet6?) ([0-9a-f.:]+)/.exec(line);
  const address = found === null ? undefined : parseIpAddress(found[3] ?? "");
  return found === null || address === undefined || !interfaceName.test(found[1] ?? "")
    ? undefined
    : {
        interface: found[1] ?? "",
        family: found[2] === "inet" ? 4 : 6,
        address,
        isPublic: !notPublic.test(address),
      };
}

/** Others are legal, and would have to be quoted in many ways. */
const interfaceName = /^[\w.-]{1,15}$/;

const notPublic =
  /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe[89ab]|::1$)/;

function defaultRoutes(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const device = /^default .*?\bdev (\S+)/.exec(line.trim())?.[1];
    return device === undefined || !interfaceName.test(device) ? [] : [device];
  });
}

/** Interfaces inside the host or of a private network above it. */
function isInner(name: string): boolean {
  return /^(?:lo$|docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxdbr|wg|tun|tap|tailscale|zt)/.test(
    name,
  );
}

function isIpv6On(lines: readonly string[], addresses: readonly HostAddress[]): boolean {
  // The setting for all is that of no interface which was told otherwise later; a kernel without IPv6 has no such setting.
  const isOff = lines.length === 0 || /^\s*1\b/.test(lines[0] ?? "");
  return !isOff || addresses.some((address) => address.family === 6 && address.interface !== "lo");
}

/** As in $SSH_CONNECTION: address and port of the client, then of the server. */
function readConnection(line: string): HostFacts["connection"] {
  const [, address = "", port = ""] = /^(\S+) \d+ \S+ (\d{1,5})$/.exec(line.trim()) ?? [];
  const peer = parseIpAddress(address);
  return peer === undefined ? null : { peer, port: Number(port) };
}

function iptablesKind(version: string): HostFacts["iptables"] {
  if (!/\bv\d/.test(version)) {
    return null;
  }
  return version.includes("nf_tables") ? "iptables-nft" : "iptables-legacy";
}

function readConntrack(lines: readonly string[]): HostFacts["conntrack"] {
  const found = /\bcount (\d+) max (\d+)/.exec(lines.join(" "));
  return found === null ? null : { count: Number(found[1]), max: Number(found[2]) };
}
