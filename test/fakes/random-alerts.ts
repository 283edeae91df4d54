import ipaddr from "ipaddr.js";
import type { Row } from "../../src/domain/alert.ts";

/** A whole number from 0 to `below` - 1. */
export type Dice = (below: number) => number;

/** The same numbers for the same seed: mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const fields = [
  ..."src_ip src clientip client_ip source_ip remote_ip attacker_ip ip values(src_ip) SRC-IP src{}".split(
    " ",
  ),
  ..."whatever dest_ip xff user host __proto__".split(" "),
];
const separators = [", ", " ", "\n", ";", '","', "|"];

/** One to three rows that name addresses in and around these networks, and anywhere, as logs and as attackers write them. */
export function randomRows(dice: Dice, networks: readonly string[]): readonly Row[] {
  return Array.from({ length: 1 + (dice(4) === 0 ? dice(3) : 0) }, () => [
    ...Array.from({ length: 1 + dice(2) }, () => [pick(dice, fields), randomValues(dice, networks)] as const),
    ["count", [String(dice(1000))]] as const,
  ]);
}

function randomValues(dice: Dice, networks: readonly string[]): readonly string[] {
  const one = (): string => write(dice, randomAddress(dice, networks));
  switch (dice(6)) {
    case 0:
      return [one(), one()];
    case 1:
      return [[one(), one()].join(pick(dice, separators))];
    default:
      return [one()];
  }
}

/** Bytes of an address: inside one of the networks, in its neighbourhood, or anywhere. */
function randomAddress(dice: Dice, networks: readonly string[]): readonly number[] {
  const anywhere = Array.from({ length: dice(3) === 0 ? 16 : 4 }, () => dice(256));
  if (dice(3) === 0) {
    return anywhere.length === 16 ? [0x20 + dice(32), ...anywhere.slice(1)] : anywhere;
  }
  const [address = "", length = "128"] = pick(dice, networks).split("/");
  const bytes = ipaddr.parse(address).toByteArray();
  // Fewer bits than the network's: what lies beside it; at most a /24 or /64 is shared.
  const kept = Math.max(0, Math.min(Number(length), bytes.length * 8) - dice(3) * dice(9));
  return bytes.map((byte, n) => {
    const bits = Math.min(8, Math.max(0, kept - n * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) | (dice(256) & ~mask & 0xff);
  });
}

const ipv4Writers: readonly ((bytes: readonly number[], dice: Dice) => string)[] = [
  (bytes) => bytes.join("."),
  (bytes) => bytes.join("."),
  (bytes) => bytes.join("."),
  (bytes, dice) => `${bytes.join(".")}:${dice(70_000)}`,
  (bytes, dice) => `${bytes.join(".")}/${dice(33)}`,
  (bytes) => `${bytes.join(".")}/32`,
  (bytes) => bytes.join("[.]"),
  (bytes) => `<${bytes.join(".")}>`,
  (bytes) => `::ffff:${bytes.join(".")}`,
  (bytes) => `::FFFF:${groupsOf(bytes).join(":")}`,
  (bytes) => `[::ffff:${bytes.join(".")}]:443`,
  (bytes) => `64:ff9b::${bytes.join(".")}`,
  (bytes) => `2002:${groupsOf(bytes).join(":")}::1`,
  (bytes) => `2002:${groupsOf(bytes).join(":")}:0:1::5`,
  (bytes) => `::${bytes.join(".")}`,
  (bytes) => bytes.map((byte) => `0${byte.toString(8)}`).join("."),
  (bytes) => bytes.map((byte) => `0x${byte.toString(16)}`).join("."),
  (bytes) => String(bytes.reduce((number, byte) => number * 256 + byte, 0)),
  (bytes) => `${bytes.join(".")}.`,
  (bytes) => `${bytes.join(".")}%eth0`,
  (bytes) => bytes.join(".").replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (bytes) => `http://${bytes.join(".")}/index.html`,
];
const ipv6Writers: readonly ((bytes: readonly number[], dice: Dice) => string)[] = [
  (bytes) => groupsOf(bytes).join(":"),
  (bytes) => groupsOf(bytes).join(":").toUpperCase(),
  (bytes) => ipaddr.fromByteArray([...bytes]).toString(),
  (bytes) => `[${groupsOf(bytes).join(":")}]:443`,
  (bytes) => `${groupsOf(bytes).join(":")}%eth0`,
  (bytes, dice) => `${groupsOf(bytes).join(":")}/${128 - dice(3)}`,
];

function write(dice: Dice, bytes: readonly number[]): string {
  return pick(dice, bytes.length === 4 ? ipv4Writers : ipv6Writers)(bytes, dice);
}

function groupsOf(bytes: readonly number[]): readonly string[] {
  return Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
}

function pick<T>(dice: Dice, from: readonly T[]): T {
  const one = from[dice(from.length)];
  if (one === undefined) {
    throw new Error("there is nothing to pick from");
  }
  return one;
}
