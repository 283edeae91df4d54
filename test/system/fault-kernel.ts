import type { FirewallHost } from "./namespaces.ts";

/** With what a host drops packets: sets that iptables looks into, in either variant; rules alone; nftables. */
export type Backend = "sets" | "legacy" | "rules" | "nft";

/** What a kernel really holds, read with other words than those of the script under test. */
export interface Kernel {
  /** Seconds that are left, by network; infinity: never ends. */
  readonly entries: ReadonlyMap<string, number>;
  /** What is not as it should be in the drop rules, in words; empty when all is well. */
  readonly wrong: readonly string[];
}

/** Programs that a host of this backend must not have. */
export const without: Readonly<Record<Backend, readonly string[]>> = {
  sets: [],
  legacy: [],
  rules: ["/usr/sbin/ipset", "/usr/sbin/nft"],
  nft: ["/usr/sbin/ipset"],
};

export function kernelOf(host: Pick<FirewallHost, "exec">, backend: Backend): Promise<Kernel> {
  return backend === "nft" ? nftables(host) : iptables(host, backend);
}

async function iptables(host: Pick<FirewallHost, "exec">, backend: Exclude<Backend, "nft">): Promise<Kernel> {
  const entries = new Map<string, number>();
  const wrong: string[] = [];
  const variant = backend === "legacy" ? "legacy" : "nft";
  for (const [tool, set] of [
    [`iptables-${variant}`, "portcullis4"],
    [`ip6tables-${variant}`, "portcullis6"],
  ] as const) {
    const { stdout } = await host.exec(tool, "-t", "raw", "-S");
    const lines = stdout.split("\n");
    const jumps = lines.filter((line) => line.startsWith("-A PREROUTING "));
    if (jumps[0] !== "-A PREROUTING -j PORTCULLIS") {
      wrong.push(`${tool}: the first rule is ${jumps[0] ?? "none"}`);
    }
    if (jumps.filter((line) => line.includes("PORTCULLIS")).length !== 1) {
      wrong.push(`${tool}: jumps ${jumps.join(" | ")}`);
    }
    const rules = lines.filter((line) => line.startsWith("-A PORTCULLIS "));
    if (backend === "rules") {
      readRules(rules, entries, wrong);
    } else {
      if (rules.join() !== `-A PORTCULLIS -m set --match-set ${set} src -j DROP`) {
        wrong.push(`${tool}: the chain holds ${rules.join(" | ") || "nothing"}`);
      }
      readSet((await host.exec("ipset", "save", set)).stdout, entries, wrong);
    }
  }
  return { entries, wrong };
}

function readSet(saved: string, entries: Map<string, number>, wrong: string[]): void {
  const [create = "", ...adds] = saved.trim().split("\n");
  if (!/ hash:net .* maxelem 1048576 timeout 86400 .*counters comment/.test(create)) {
    wrong.push(`the set is ${create || "missing"}`);
  }
  for (const line of adds) {
    const [, , network = "", ...rest] = line.split(" ");
    if (rest.includes("nomatch")) {
      wrong.push(`${network} is exempted`);
    }
    const seconds = Number(rest[rest.indexOf("timeout") + 1]);
    entries.set(whole(network), seconds === 0 ? Number.POSITIVE_INFINITY : seconds);
  }
}

function readRules(rules: readonly string[], entries: Map<string, number>, wrong: string[]): void {
  for (const rule of rules) {
    const [, network, end] =
      /^-A PORTCULLIS -s (\S+) (?:.*--comment "?portcullis-(\d+)"? )?-j DROP$/.exec(rule) ?? [];
    if (network === undefined) {
      wrong.push(`a foreign rule: ${rule}`);
    } else if (entries.has(network)) {
      wrong.push(`${network} is there twice`);
    } else {
      entries.set(network, end === undefined ? Number.POSITIVE_INFINITY : Number(end) - Date.now() / 1000);
    }
  }
}

/** Both families lie in one table, with a set for each length of networks. */
async function nftables(host: Pick<FirewallHost, "exec">): Promise<Kernel> {
  const entries = new Map<string, number>();
  const { stdout } = await host.exec("nft", "-nn", "list", "table", "inet", "portcullis");
  const hooks = [...stdout.matchAll(/type filter hook (\w+) priority (-?\w+)/g)].map(([, hook]) => hook);
  const rules = stdout.split("\n").filter((line) => / (drop|accept|jump \w+|return)$/.test(line));
  const wrong = hooks.join() === "prerouting" ? [] : [`hooks: ${hooks.join()}`];
  for (const [, name = "", length = "", body = ""] of stdout.matchAll(/set (v[46]_(\d+)) \{(.*?)\n\t\}/gs)) {
    const own = rules.findIndex((rule) => rule.includes(`@${name} `));
    if (own === -1) {
      wrong.push(`no rule for ${name}`);
    }
    rules.splice(own, own === -1 ? 0 : 1);
    for (const [address, seconds] of elementsOf(body)) {
      entries.set(`${address}/${length}`, seconds);
    }
  }
  return { entries, wrong: [...wrong, ...rules.map((rule) => `a foreign rule: ${rule.trim()}`)] };
}

function elementsOf(body: string): readonly (readonly [address: string, seconds: number])[] {
  const [, elements = ""] = /elements = \{(.*?)\}/s.exec(body) ?? [];
  return [...elements.matchAll(/([0-9a-f.:]+[0-9a-f:]) ([^,]*)/g)].map(([, address = "", rest = ""]) => [
    address,
    secondsOf(/expires (\S+)/.exec(rest)?.[1]),
  ]);
}

/** `1h2m3s4ms` as seconds. */
function secondsOf(text: string | undefined): number {
  if (text === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const units = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };
  return Object.entries(units).reduce(
    (sum, [unit, size]) => sum + size * Number(new RegExp(`(\\d+)${unit}(?![a-z])`).exec(text)?.[1] ?? 0),
    0,
  );
}

function whole(network: string): string {
  return network.includes("/") ? network : `${network}/${network.includes(":") ? 128 : 32}`;
}
