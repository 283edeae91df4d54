import type { Likelihood, OtherCondition } from "./rule.ts";

interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

type Known = Pick<OtherCondition, "forStranger" | "hasMemory">;

/** What a match module means for a stranger's packet: a new one, from anywhere, plain. Undefined for a module it does not know. */
export function iptablesMatch(module: string, options: readonly Option[]): Known | undefined {
  return modules[module]?.(options);
}

const always =
  (forStranger: Likelihood, hasMemory = false) =>
  (): Known => ({ forStranger, hasMemory });

/** Strangers are outside what the first option names. */
const outside = ([first]: readonly Option[]): Known => ({
  forStranger: first?.isNegated === true ? "yes" : "no",
  hasMemory: false,
});

const modules: Readonly<Record<string, (options: readonly Option[]) => Known>> = {
  "": always("maybe"),
  tcp: tcpFlags,
  conntrack: tracked,
  limit: always("limit", true),
  hashlimit: rated,
  connlimit: rated,
  statistic: always("maybe", true),
  recent: (options) => ({
    forStranger: options.some(({ name }) => name === "--set") ? "yes" : "known",
    hasMemory: true,
  }),
  set: (options) =>
    options[0]?.values[1]?.startsWith("src") === true
      ? outside(options)
      : { forStranger: "maybe", hasMemory: false },
  geoip: outside,
  mac: outside,
  iprange: (options) =>
    options[0]?.name === "--src-range" ? outside(options) : { forStranger: "maybe", hasMemory: false },
  addrtype: addressType,
  pkttype: outside,
  physdev: always("no"),
  policy: policy,
  rpfilter: (options) => ({
    forStranger: options.some(({ name }) => name === "--invert") ? "no" : "yes",
    hasMemory: false,
  }),
  // A packet bears no mark before a rule gives it one.
  mark: outside,
  connmark: outside,
  owner: always("no"),
  socket: always("no"),
  helper: always("no"),
  ah: always("no"),
  esp: always("no"),
  frag: always("no"),
  rt: always("no"),
  dst: always("no"),
  hbh: always("no"),
  ipv6header: always("no"),
  ecn: always("maybe"),
  time: always("maybe", true),
  string: always("maybe"),
  length: always("maybe"),
  ttl: always("maybe"),
  hl: always("maybe"),
  eui64: always("no"),
  dscp: always("maybe"),
  tos: always("maybe"),
  u32: always("maybe"),
  bpf: always("maybe"),
};

/** Strangers begin below every rate. */
function rated(options: readonly Option[]): Known {
  const isAbove = options.some(({ name, isNegated }) => name.endsWith("-above") && !isNegated);
  return { forStranger: isAbove ? "known" : "limit", hasMemory: true };
}

/** A stranger's first packet has the SYN flag alone. */
function tcpFlags([first]: readonly Option[]): Known {
  if (first === undefined || (first.name !== "--tcp-flags" && first.name !== "--syn")) {
    return { forStranger: "maybe", hasMemory: false };
  }
  const [mask = "SYN", set = "SYN"] = first.values;
  const seen = /^ALL$|\bSYN\b/.test(mask) ? "SYN" : "NONE";
  return { forStranger: (seen === set) === first.isNegated ? "no" : "yes", hasMemory: false };
}

function tracked(options: readonly Option[]): Known {
  const isNat = options.some(
    ({ name, values, isNegated }) => name === "--ctstatus" && values[0] !== "NONE" && !isNegated,
  );
  return { forStranger: isNat ? "no" : "maybe", hasMemory: false };
}

function addressType(options: readonly Option[]): Known {
  const [first] = options;
  const isToHere = first?.name === "--dst-type" && first.values[0] === "LOCAL";
  const isMet = isToHere !== (first?.isNegated === true);
  return { forStranger: isMet ? "yes" : "no", hasMemory: false };
}

/** IPsec. */
function policy(options: readonly Option[]): Known {
  const isNone = options.some(({ name, values }) => name === "--pol" && values[0] === "none");
  return { forStranger: isNone ? "yes" : "no", hasMemory: false };
}
