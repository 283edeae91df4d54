import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIpAddress } from "../../src/domain/ip-address.ts";
import { formats } from "../../src/ingest/logs/formats.ts";
import { detectFormat } from "../../src/ingest/logs/detect-format.ts";
import { longestLine } from "../../src/ingest/logs/scan-lines.ts";
import { readText } from "./logs-desk.ts";

/** Pieces from which lines of every format, and attacks on them, are put together. */
const pieces = [
  ..."May  1 12:00:00 web1 sshd[4711]: |Failed password for |Invalid user | from 203.0.113.9 port 22 ssh2|from |message repeated 3 times: [ |]".split(
    "|",
  ),
  ..."postfix/smtpd[1]: warning: |unknown[203.0.113.9]: |SASL LOGIN authentication failed: |, sasl_username=".split(
    "|",
  ),
  ...'Wed May  1 12:00:00 2024 [pid 1] |[x] FAIL LOGIN: Client "203.0.113.9"|"'.split("|"),
  ...'203.0.113.9 - - |[01/May/2024:12:00:00 +0000] |"GET /.env HTTP/1.1" 404 1 "-" "-"|%2e%2e/|${jndi:|${lower:|union select '.split(
    "|",
  ),
  ...'2024/05/01 12:00:00 [error] 1#0: *1 |user "x": password mismatch|, client: 203.0.113.9, server: |[client 203.0.113.9:1] |user x not found: '.split(
    "|",
  ),
  ..."[Wed May 01 12:00:00.1 2024] [a:error] |An account failed to log on.|Source Network Address: 203.0.113.9 Source Port: 1 |Logon Process: |Key Length: 0".split(
    "|",
  ),
  ...'<Event |<EventID>4625</EventID>|<Data Name=\'IpAddress\'>203.0.113.9</Data>|</Event>|{"EventID":4625|,"IpAddress":"203.0.113.9"|}|[|{'.split(
    "|",
  ),
  ..."client ip=|2001:db8::5|::ffff:192.0.2.7|192.0.2.1|203.0.113.9:40022|denied|\t| |\n|\r\n|\u0000|\ufffd|\u202e|\"|\\|'".split(
    "|",
  ),
];
const text = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
    ),
    {
      maxLength: 14,
    },
  )
  .map((parts) => parts.join(""));

/** A line of the format with such text before, in and behind it, on the same line or on others. */
const around = (sample: string): fc.Arbitrary<string> =>
  fc
    .record({ before: text, inside: text, behind: text, at: fc.nat(sample.length), isInside: fc.boolean() })
    .map(({ before, inside, behind, at, isInside }) =>
      isInside
        ? sample.slice(0, at) + inside + sample.slice(at) + behind
        : `${before}\n${sample}\n${behind}\n${sample.slice(at)}`,
    );

/** Every address that stands somewhere in the text. */
function addressesIn(text: string): ReadonlySet<string> {
  const runs = [...text.matchAll(/[0-9A-Fa-f:.]{2,}/g)].map(([run]) => run);
  return new Set(runs.flatMap(partsOf).flatMap((part) => parseIpAddress(part) ?? []));
}

function partsOf(run: string): readonly string[] {
  const starts = Array.from(run, (_, start) => run.slice(start, start + 45));
  return starts.flatMap((rest) => Array.from(rest, (_, end) => rest.slice(0, end + 1)));
}

describe.each(formats)("$name", ({ name, sample, recognises, open }) => {
  test("never fails, and never names an address that the text does not hold", () => {
    let seen = 0;
    fc.assert(
      fc.property(around(sample), (text) => {
        const { events } = readText(name, text);
        const known = events.length === 0 ? new Set() : addressesIn(text);
        seen += events.length;
        for (const event of events) {
          expect(known).toContain(event.ip);
          expect(Number.isFinite(event.atMs) && event.count >= 1).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readText(name, Buffer.from(bytes));
      }),
      { numRuns: 200 },
    );

    // What never meets an event proves nothing.
    expect(seen).toBeGreaterThan(0);
  });

  test("reads its own sample, changed at any one place, without another address", () => {
    expect(readText(name, sample).events.length).toBeGreaterThan(0);
    for (let at = 0; at < sample.length; at += 1) {
      for (const piece of ["", " ", '"', "\\", "from 192.0.2.1 port 1 ssh2", "]"]) {
        const line = sample.slice(0, at) + piece + sample.slice(at + (piece === "" ? 1 : 0));
        const known = addressesIn(line);
        expect(readText(name, line).events.filter(({ ip }) => !known.has(ip))).toEqual([]);
      }
    }
  });

  test("its sample is recognised", () => {
    expect(name === "generic" || recognises(sample)).toBe(true);
    expect(detectFormat(`${sample}\n`)?.name ?? "generic").toBe(name);
  });

  test("takes time in proportion to the length of a hostile line", () => {
    // Each of these, over and over, is what a form of a line begins, continues or ends with.
    for (const piece of pieces) {
      const [start, end] = [sample.slice(0, sample.length / 2), sample.slice(sample.length / 2)];
      const whole = piece.repeat(Math.ceil((longestLine - 400) / piece.length)).slice(0, longestLine - 400);
      for (const line of [whole, start + whole, start + whole + end]) {
        const read = open({
          times: {
            syslog: () => 0,
            iso: () => 0,
            access: () => 0,
            ctime: () => 0,
            note: (atMs) => atMs,
            undated: () => 0,
          },
          take: () => undefined,
        });
        const startMs = performance.now();
        read.read(line, false);
        read.end();
        recognises(line.slice(0, 4096));

        // A millisecond or two; with a form that goes wrong it is minutes.
        expect({ piece, tookMs: Math.floor((performance.now() - startMs) / 2000) }).toEqual({
          piece,
          tookMs: 0,
        });
      }
    }
  }, 60_000);
});
