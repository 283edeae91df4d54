import {
  type Arbitrary,
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  string,
  subarray,
  tuple,
} from "fast-check";
import { describe, expect, test } from "vitest";
import { covers } from "../../src/audit/covers.ts";
import { readIptablesRule } from "../../src/audit/read-iptables-rule.ts";
import { readNftRule } from "../../src/audit/read-nft-rule.ts";
import type { Conditions } from "../../src/audit/rule.ts";
import { writeAudit } from "../../src/audit/write-audit.ts";
import { audited, bareHost } from "./audit-desk.ts";

interface Packet {
  readonly protocol: string;
  readonly source: number;
  readonly port: number;
  readonly interface: string;
  readonly state: string;
}

/** A small world, in which every packet can be tried: rules as iptables writes them, and what they say of a packet. */
interface TinyRule {
  readonly text: string;
  readonly matches: (packet: Packet) => boolean;
}

const negated = boolean();
const protocolPart = constantFrom("tcp", "udp").chain((protocol) =>
  negated.map((not) => ({
    text: `${not ? "! " : ""}-p ${protocol}`,
    matches: (packet: Packet) => (packet.protocol === protocol) !== not,
  })),
);
const sourcePart = tuple(negated, integer({ min: 0, max: 15 }), integer({ min: 0, max: 4 })).map(
  ([not, address, free]) => {
    const size = 2 ** free;
    const first = address - (address % size);
    return {
      text: `${not ? "! " : ""}-s 192.0.2.${first}/${32 - free}`,
      matches: ({ source }: Packet) => (source >= first && source < first + size) !== not,
    };
  },
);
const portPart = tuple(integer({ min: 1, max: 6 }), integer({ min: 0, max: 3 }), boolean(), negated).map(
  ([from, more, several, not]) => ({
    // Ports belong to a protocol, which is told before.
    text: `-p tcp ${several ? `-m multiport ${not ? "! " : ""}--dports ${from}:${from + more},8` : `${not ? "! " : ""}--dport ${from}:${from + more}`}`,
    matches: ({ protocol, port }: Packet) =>
      protocol === "tcp" && ((port >= from && port <= from + more) || (several && port === 8)) !== not,
  }),
);
const interfacePart = tuple(negated, constantFrom("eth0", "eth1", "eth+", "lo", "l+")).map(([not, name]) => ({
  text: `${not ? "! " : ""}-i ${name}`,
  matches: (packet: Packet) =>
    (name.endsWith("+") ? packet.interface.startsWith(name.slice(0, -1)) : packet.interface === name) !== not,
}));
const statePart = tuple(negated, subarray(["NEW", "ESTABLISHED", "INVALID"], { minLength: 1 })).map(
  ([not, states]) => ({
    text: `-m conntrack ${not ? "! " : ""}--ctstate ${states.join(",")}`,
    matches: ({ state }: Packet) => states.includes(state) !== not,
  }),
);
const tinyRule: Arbitrary<TinyRule> = record(
  {
    protocol: oneof(protocolPart, portPart),
    source: sourcePart,
    interface: interfacePart,
    state: statePart,
  },
  { requiredKeys: [] },
).map((parts) => {
  const all = Object.values(parts);
  return {
    text: ["-A INPUT", ...all.map(({ text }) => text), "-j ACCEPT"].join(" "),
    matches: (packet) => all.every(({ matches }) => matches(packet)),
  };
});

/** A rule with one part covers others more often. */
const plainRule: Arbitrary<TinyRule> = oneof(
  protocolPart,
  portPart,
  sourcePart,
  interfacePart,
  statePart,
).map(({ text, matches }) => ({ text: `-A INPUT ${text} -j ACCEPT`, matches }));

const packets: readonly Packet[] = ["tcp", "udp", "icmp"].flatMap((protocol) =>
  [0, 1, 2, 3, 4, 7, 8, 15, 99].flatMap((source) =>
    [1, 2, 3, 4, 5, 6, 8, 9].flatMap((port) =>
      ["eth0", "eth1", "lo"].flatMap((name) =>
        ["NEW", "ESTABLISHED", "INVALID"].map((state) => ({
          protocol,
          source,
          port,
          interface: name,
          state,
        })),
      ),
    ),
  ),
);

const read = (text: string): Conditions => readIptablesRule(text, 1, 4).conditions;

describe("one rule covers another", () => {
  test("only when every packet of the one is a packet of the other", () => {
    let covered = 0;
    assert(
      property(oneof(plainRule, tinyRule), tinyRule, (earlier, later) => {
        const isCovered = covers(read(earlier.text), read(later.text));
        const stray = packets.find((packet) => later.matches(packet) && !earlier.matches(packet));
        covered += isCovered ? 1 : 0;
        expect(isCovered && stray !== undefined).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(covered).toBeGreaterThan(100);
  });

  test("always when a part is left out, and itself", () => {
    assert(
      property(tinyRule, tinyRule, ({ text }, other) => {
        const both = read(`${text.replace(" -j ACCEPT", "")} -m comment --comment "${other.text}" -j DROP`);
        expect(covers(read(text), both)).toBe(true);
        expect(covers(read("-A INPUT -j DROP"), both)).toBe(true);
      }),
    );
  });

  test("the same rule of nft and of iptables is the same", () => {
    const pairs = [
      ["tcp dport { 22, 80-90 } accept", "-p tcp -m multiport --dports 22,80:90 -j ACCEPT"],
      [
        'iifname "eth0" ip saddr 192.0.2.0/24 udp dport 53 counter packets 3 bytes 9 drop',
        "-s 192.0.2.0/24 -i eth0 -p udp -m udp --dport 53 -j DROP",
      ],
      ["ct state { 0x2, 0x4 } accept", "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"],
      ["ct state established,related accept", "-m state --state ESTABLISHED,RELATED -j ACCEPT"],
      [
        'iifname "eth*" ip daddr != 192.0.2.1 meta l4proto 6 accept',
        "! -d 192.0.2.1/32 -i eth+ -p tcp -j ACCEPT",
      ],
      ["ct state ! 0x1,0x8 accept", "-m conntrack ! --ctstate INVALID,NEW -j ACCEPT"],
      ["icmp type 8 accept", "-p icmp -m icmp --icmp-type 8 -j ACCEPT"],
      [
        "meta nfproto 2 tcp dport != 22 reject with tcp reset",
        "-p tcp -m tcp ! --dport 22 -j REJECT --reject-with tcp-reset",
      ],
    ] as const;
    for (const [nft, iptables] of pairs) {
      const [rule] = readNftRule(nft, { number: 1, family: 4, sets: new Map() });
      const other = readIptablesRule(`-A INPUT ${iptables}`, 1, 4);

      expect([nft, rule?.verdict]).toEqual([nft, other.verdict]);
      expect([nft, rule?.conditions]).toEqual([nft, other.conditions]);
    }
  });
});

describe("texts that nobody expects", () => {
  const word = oneof(
    constantFrom(
      "-A",
      "INPUT",
      "-p",
      "tcp",
      "--dport",
      "!",
      "-s",
      "0/0",
      "/",
      "{",
      "}",
      "vmap",
      "tcp dport",
      "ip saddr",
      "ct state",
      "accept",
      "drop",
      "@x",
      '"',
      "\\",
      "table inet filter {",
      "chain input {",
      "type filter hook input priority filter + 10; policy drop;",
      "*filter",
      ":INPUT DROP",
      "-m",
      "-j",
      "jump input",
      "elements = {",
      "999999999999",
      "::/129",
    ),
    string({ maxLength: 8 }),
  );
  const lines = array(
    array(word, { maxLength: 7 }).map((words) => words.join(" ")),
    { maxLength: 12 },
  );

  test("end no audit", () => {
    assert(
      property(lines, lines, lines, (saved, ruleset, other) => {
        const report = audited({
          ...bareHost,
          "iptables-save4": ["*filter", ":INPUT DROP [0:0]", ...saved],
          "iptables-save6": saved,
          ruleset: ["table inet filter {", "chain input {", ...ruleset],
          sysctl: other,
          listen: other,
          addr: other,
          route: other,
          managers: other,
          conntrack: other,
          ip6: ["0"],
        });
        expect(writeAudit("x", report)).toContain("Audit of x");
      }),
      { numRuns: 500 },
    );
  });

  test("chains that lead in a circle, and 20,000 rules, take no long time", () => {
    const jumps = ["a", "b", "c"].flatMap((name) => [
      `-A ${name} -j a`,
      `-A ${name} -j b`,
      `-A ${name} -j c`,
    ]);
    const rules = Array.from(
      { length: 20_000 },
      (_, n) => `-A INPUT -s 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32 -p tcp --dport ${n} -j DROP`,
    );
    const start = performance.now();

    audited({
      ...bareHost,
      "iptables-save4": [
        "*filter",
        ":INPUT DROP [0:0]",
        ":a -",
        ":b -",
        ":c -",
        "-A INPUT -j a",
        ...jumps,
        "COMMIT",
      ],
    });
    audited({ ...bareHost, "iptables-save4": ["*filter", ":INPUT DROP [0:0]", ...rules, "COMMIT"] });

    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
