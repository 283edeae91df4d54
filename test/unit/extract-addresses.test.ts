import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/domain/alert.ts";
import { parseIpAddress } from "../../src/domain/ip-address.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";
import { extractSightings } from "../../src/extract/extract-sightings.ts";
import { ipv4Text, ipv6Text } from "../fakes/addresses.ts";
import { ip } from "../fakes/samples.ts";

function addressesIn(value: string | readonly string[]): readonly string[] {
  const rows: Row[] = [[["src_ip", typeof value === "string" ? [value] : value]]];
  return extractSightings({ rows }, defaultExtract).map((sighting) => sighting.ip);
}

describe("a configured field", () => {
  test.each([
    ["203.0.113.5", ["203.0.113.5"]],
    [" 203.0.113.5 ", ["203.0.113.5"]],
    ['"203.0.113.5"', ["203.0.113.5"]],
    ["'203.0.113.5'", ["203.0.113.5"]],
    ["<203.0.113.5>", ["203.0.113.5"]],
    ["203.0.113.5:443", ["203.0.113.5"]],
    ["[203.0.113.5]:443", ["203.0.113.5"]],
    ["203.0.113.5/32", ["203.0.113.5"]],
    ["2001:db8::1/128", ["2001:db8::1"]],
    ["203[.]0[.]113[.]5", ["203.0.113.5"]],
    ["203[.]0.113.5:22", ["203.0.113.5"]],
    ["203(.)0(.)113(.)5", ["203.0.113.5"]],
    ["203{.}0{.}113{.}5", ["203.0.113.5"]],
    ["203[dot]0[dot]113[DOT]5", ["203.0.113.5"]],
    ["2001[:]db8[:]:1", ["2001:db8::1"]],
    ["2001:DB8::1", ["2001:db8::1"]],
    ["[2001:db8::1]", ["2001:db8::1"]],
    ["[2001:db8::1]:443", ["2001:db8::1"]],
    ["fe80::1%eth0", ["fe80::1"]],
    ["[fe80::1%12]:22", ["fe80::1"]],
    ["::ffff:203.0.113.5", ["203.0.113.5"]],
    ["203.0.113.5,203.0.113.6", ["203.0.113.5", "203.0.113.6"]],
    ["203.0.113.5; 203.0.113.6", ["203.0.113.5", "203.0.113.6"]],
    ["203.0.113.5|203.0.113.6", ["203.0.113.5", "203.0.113.6"]],
    ["203.0.113.5\n203.0.113.6\r\n", ["203.0.113.5", "203.0.113.6"]],
    ['["203.0.113.5", "203.0.113.6"]', ["203.0.113.5", "203.0.113.6"]],
    ["[203.0.113.5, 2001:db8::1]", ["203.0.113.5", "2001:db8::1"]],
    ["from 203.0.113.5 port 22", ["203.0.113.5"]],
    ["attacker.example.net (203.0.113.5)", ["203.0.113.5"]],
    ["203.0.113.5, unknown", ["203.0.113.5"]],
  ])("%j holds %j", (value, expected) => {
    expect(addressesIn(value)).toEqual(expected);
  });

  test.each([
    "",
    "-",
    "unknown",
    "1",
    "010.1.2.3",
    "203.0.113.05",
    "0x7f.0.0.1",
    "0xcb007105",
    "3405803781",
    "1.2.3",
    "1.2.3.4.5",
    "v1.2.3.4",
    "1.2.3.4-beta",
    "203.0.113.256",
    "203.0.113.5/24",
    "203.0.113.0/31",
    "2001:db8::/64",
    "2001:db8::%2F32",
    "203.0.113.5%2F24",
    "203.0.113.5:65536",
    "203.0.113.5:",
    "203.0.113.5:ssh",
    "203.0.113.5.",
    "203.0.113.5.example.net",
    "203.0.113.5-203.0.113.9",
    "203.0.113.*",
    "example.net",
    "12:30:45",
    "00:11:22:33:44:55",
    "::ffff:203.0.113.5:443",
    "http://203.0.113.5/",
    "localhost",
  ])("refuses %j", (value) => {
    expect(addressesIn(value)).toEqual([]);
  });

  test("may hold several values", () => {
    expect(addressesIn(["203.0.113.5", "", "203.0.113.6,203.0.113.7"])).toEqual([
      "203.0.113.5",
      "203.0.113.6",
      "203.0.113.7",
    ]);
  });

  test.each(["10.1.2.3", "127.0.0.1", "224.0.0.1", "::1", "fd00::1"])(
    "gives %s too: what to do is decided later",
    (text) => {
      expect(addressesIn(text)).toEqual([text]);
    },
  );
});

describe("any input", () => {
  const decorations = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `"${text}"`,
    (text) => ` ${text} `,
    (text) => text.replaceAll(".", "[.]"),
    (text) => (text.includes(":") ? `[${text}]:443` : `${text}:443`),
    (text) => (text.includes(":") ? `${text}%eth0` : text),
    (text) => `${text}/${text.includes(":") ? 128 : 32}`,
  );

  test("finds an address however it is decorated, among others", () => {
    const decorated = fc.tuple(fc.oneof(ipv4Text, ipv6Text), decorations);
    const separators = fc.constantFrom(",", ";", " ", "|", "\n", ", ");
    fc.assert(
      fc.property(fc.array(decorated, { minLength: 1, maxLength: 5 }), separators, (list, separator) => {
        const value = list.map(([text, decorate]) => decorate(text)).join(separator);

        expect(new Set(addressesIn(value))).toEqual(new Set(list.map(([text]) => ip(text))));
      }),
      { numRuns: 1000 },
    );
  });

  const piece = fc.oneof(
    ipv4Text,
    ipv6Text,
    fc.string({ maxLength: 6 }),
    fc.constantFrom(":", ".", "[.]", "/24", "%1", ","),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
  const field = fc.oneof(fc.constantFrom(...defaultExtract.fields, "count", "zzz", "dest"), fc.string());
  const rows = fc.array(fc.array(fc.tuple(field, fc.array(text, { maxLength: 3 })), { maxLength: 4 }), {
    maxLength: 4,
  });

  test("throws nothing, repeats no address and invents none", () => {
    fc.assert(
      fc.property(rows, (generated) => {
        const sightings = extractSightings({ rows: generated }, defaultExtract);

        expect(new Set(sightings.map((sighting) => sighting.ip)).size).toBe(sightings.length);
        for (const { ip: found, count, fields } of sightings) {
          expect(Number.isSafeInteger(count) && count >= 1).toBe(true);
          expect(parseIpAddress(found)).toBe(found);
          const values = generated.flat().flatMap(([name, list]) => (fields.includes(name) ? list : []));
          expect(values.some((value) => spells(value, found))).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  /** True when some stretch of the value is a spelling of the address. */
  function spells(value: string, address: string): boolean {
    const plain = value.replaceAll(/\[\.\]|\(\.\)|\{\.\}/g, ".").replaceAll(/\[:\]|\(:\)/g, ":");
    const stretches = plain.match(/[\da-fA-F:.]+/g) ?? [];
    return stretches
      .flatMap((stretch) => [stretch, stretch.slice(0, stretch.lastIndexOf(":"))])
      .some((stretch) => parseIpAddress(stretch) === address);
  }

  test.each([
    "1.1.1.1,",
    "[",
    "[.]",
    "1[.",
    '"',
    "1:",
    "::,",
    "%",
    " ",
    "1.1.1.1:1 ",
    "(.",
    "2001:db8::1%a/",
  ])("2 MB of %j are read in one pass", (repeated) => {
    const big = repeated.repeat(2_000_000 / repeated.length);
    const row: Row = [
      ["src_ip", [big]],
      ["zzz", [big]],
      ["count", [big]],
      [big, ["203.0.113.5"]],
    ];

    expect(extractSightings({ rows: [row] }, defaultExtract).length).toBeLessThan(3);
  });
});
