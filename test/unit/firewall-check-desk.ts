import type { CheckItem, HostFacts } from "../../src/enforce/host-check/check-item.ts";
import { judgeHost } from "../../src/enforce/host-check/judge-host.ts";
import type { FirewallState } from "../../src/ports.ts";

export const emptyState: FirewallState = {
  entries: new Map(),
  drops: new Map(),
  capacity: null,
  faults: [],
  ownAddresses: [],
};

/** 2026-11-20T12:00:00Z, in seconds. */
export const noon = Date.UTC(2026, 10, 20, 12) / 1000;

const healthy: Readonly<Record<string, readonly string[]>> = {
  id: ["uid=0(root) gid=0(root) groups=0(root)"],
  uname: ["Linux 6.1.0-30-amd64 x86_64"],
  os: ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', "ID=debian"],
  date: [String(noon)],
  sudo: ["Sudo version 1.9.13p3"],
  iptables: ["iptables v1.8.9 (nf_tables)"],
  nft: ["nftables v1.0.6 (Lester Gooch #5)"],
  ipset: ["ipset v7.17, protocol version: 7"],
  ip6: ["0"],
  conntrack: ["conntrack v1.4.7 (conntrack-tools)", "count 12 max 65536"],
};

/** A well-kept Debian host with nothing of ours, changed as said. */
export function factsWith(
  sections: Readonly<Record<string, readonly string[]>> = {},
  changes: Partial<HostFacts> = {},
): HostFacts {
  return {
    login: {
      name: "edge-1",
      host: "198.51.100.2",
      port: 22,
      user: "root",
      via: "root",
      password: null,
      jump: null,
      isEnabled: true,
    },
    loginMs: 120,
    backend: "sets",
    inspection: new Map(Object.entries({ ...healthy, ...sections })),
    asked: { from: new Date(noon * 1000), until: new Date(noon * 1000 + 300) },
    state: emptyState,
    gateways: ["gateway 198.51.100.1 answers"],
    ...changes,
  };
}

/** What is said about one side, as `level: text`. */
export function said(item: string, facts: HostFacts): string {
  const found = judgeHost(facts).filter((one) => one.item === item);
  return found.map(({ level, text }: CheckItem) => `${level}: ${text}`).join("\n");
}
