import { expect, test } from "vitest";
import { blockNetwork } from "../../src/decide/block-network.ts";
import type { Row } from "../../src/domain/alert.ts";
import type { IpAddress, IpPrefix } from "../../src/domain/ip-address.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractSightings } from "../../src/extract/extract-sightings.ts";
import { known } from "../fakes/findings.ts";
import { createDice, randomRows } from "../fakes/random-alerts.ts";
import { decideOn, least, policyWith, rule } from "./decide-desk.ts";
import { ourNetworks, refreshedGuard } from "./guard-desk.ts";
import { sharesWith } from "./second-opinion.ts";

/** Blocks whatever may be blocked, and as much of it as can be. */
const eager = policyWith({
  block: [rule([least("abuseipdb.score", 1)])],
  hold: [],
  aggregate: { ipv4Neighbours: 1, ipv6Length: 64 },
});
const worst = [known("abuseipdb", { score: 100 })];

interface Outcome {
  readonly ip: IpAddress;
  /** What is dropped; null: nothing is. */
  readonly network: IpPrefix | null;
}

/** What becomes of each address of an alert, as in the pipeline. */
function decideAll(
  rows: readonly Row[],
  protectedReason: (ip: IpAddress | IpPrefix) => string | null,
  aggregate = eager.aggregate,
): readonly Outcome[] {
  return extractSightings({ rows }, defaultExtract).map(({ ip }) => {
    const { action } = decideOn(worst, { ip, policy: eager, protectedReason: protectedReason(ip) });
    const neighbours = { blocked: 5, lifted: false };
    return {
      ip,
      network:
        action === "block" ? blockNetwork({ ip, aggregate, neighbours, protectedReason }).prefix : null,
    };
  });
}

test("100,000 random alerts block no network that shares an address with a protected one", async () => {
  const { protectedReason } = await refreshedGuard();
  const isProtected = sharesWith(ourNetworks);
  const dice = createDice(20_261_121);
  const wrong: Outcome[] = [];
  let dropped = 0;
  let wide = 0;
  let spared = 0;

  for (let n = 0; n < 100_000; n += 1) {
    const alone = { ipv4Neighbours: null, ipv6Length: 128 } as const;
    const outcomes = decideAll(
      randomRows(dice, ourNetworks),
      protectedReason,
      n % 4 === 0 ? alone : eager.aggregate,
    );
    for (const outcome of outcomes) {
      const { network } = outcome;
      if (network === null) {
        spared += 1;
        continue;
      }
      dropped += 1;
      wide += Number(/\/(?:24|64)$/.test(network));
      if (isProtected(network)) {
        wrong.push(outcome);
      }
    }
  }

  expect(wrong).toEqual([]);
  // Or it would prove nothing.
  expect(dropped).toBeGreaterThan(30_000);
  expect(wide).toBeGreaterThan(10_000);
  expect(spared).toBeGreaterThan(30_000);
});

/** The same machines in the ways in which somebody might try to have them blocked. */
const hostile = [
  ...words(`
    45.10.20.1 45.10.20.2 45.10.21.1 45.10.21.7 45.10.22.8 45.10.23.9 45.10.24.53 45.12.0.77 45.11.200.3
    2a0e:1:21::1 2a0e:1:22::8 2a0e:5:77::1 104.16.0.1 2606:4700::1 151.101.1.1 2a04:4e42::1
    1.1.1.1 8.8.8.8 9.9.9.9 208.67.222.222 2620:fe::fe 2001:4860:4860::8888
    0.0.0.0/0 ::/0 0.0.0.0 :: ::1 127.0.0.1 255.255.255.255 224.0.0.1 ff02::1 fc00::1 100::1 2001::1
    10.0.0.0/8 10.0.0.1 192.168.0.1/32 172.16.0.1:22 169.254.169.254 100.64.0.1
    ::ffff:10.0.0.1 ::ffff:a00:1 ::FFFF:0A00:0001 0:0:0:0:0:ffff:a00:1 ::10.0.0.1
    ::ffff:45.10.20.1 [::ffff:2d0a:1401]:443 ::45.10.20.1 ::ffff:0:45.10.20.1 ::ffff:45.10.20.1/128
    64:ff9b::10.0.0.1 64:ff9b::45.10.20.1 64:ff9b:1::1
    2002:0a00:0001:: 2002:2d0a:1401::1 2002:2d0a:1401:ffff::1 2002:7f00:1::/48
    fe80::1%eth0 fe80::1%25eth0 45.10.20.1%eth0 2a0e:1:21::1%eth0
    010.0.0.1 0x0a.0.0.1 0x0a000001 2130706433 0177.0.0.1 127.1 10.1 017700000001 0x2d0a1401 755635201
    45.10.20.1. 45.10.20.1.. 45.10.20.01 45.10.020.1 45.10.20.256 45.10.20.1/24 45.10.20.0/24
    ４５.１０.２０.１ 45。10。20。1 45.10.20.１ ٤٥.١٠.٢٠.١ 45．10．20．1
    45[.]10[.]20[.]1 45(.)10(.)20(.)1 hxxp://45.10.20.1/ ["45.10.20.1","8.8.8.8"]
    gateway.example localhost splunk.example -1.-1.-1.-1 $(45.10.20.1)
  `),
  "45.10.20.1; iptables -F",
  "45.10.20.1\n8.8.8.8",
  "45.10.20.1\u0000",
  "\ufeff45.10.20.1",
];
const fields = [
  "src_ip",
  "src",
  "clientip",
  "ip",
  "attacker_ip",
  "values(src_ip)",
  "anything",
  "dest_ip",
  "xff",
];

test("an alert that names all of us in every way blocks nobody", async () => {
  const { protectedReason } = await refreshedGuard();
  const row: Row = fields.map((field) => [field, hostile]);

  const outcomes = decideAll([row, ...hostile.map((text): Row => [["src_ip", [text]]])], protectedReason);

  expect(outcomes.filter(({ network }) => network !== null)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(40);
});

test("and beside them an attacker is blocked, alone where a neighbour is protected", async () => {
  const { protectedReason } = await refreshedGuard();
  const attackers = ["45.10.20.66", "45.99.0.66", "2a0e:1:21::66", "2a0f:1:2:3::66"];

  const outcomes = decideAll([[["src_ip", [...hostile, ...attackers]]]], protectedReason);

  expect(outcomes.flatMap(({ network }) => network ?? [])).toEqual([
    "45.10.20.66/32",
    "45.99.0.0/24",
    "2a0e:1:21::66/128",
    "2a0f:1:2:3::/64",
  ]);
});

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
