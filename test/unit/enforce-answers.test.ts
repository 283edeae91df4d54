import { describe, expect, test } from "vitest";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import {
  readApplied,
  readState,
  requestLine,
  silentGateways,
  wholeFault,
} from "../../src/enforce/iptables-ssh/answers.ts";
import { createOutput } from "../../src/enforce/iptables-ssh/output.ts";
import { shellQuote } from "../../src/enforce/iptables-ssh/shell-quote.ts";
import type { FirewallChange } from "../../src/ports.ts";

function add(text: string): FirewallChange {
  const prefix = parseIpPrefix(text);
  if (prefix === undefined) {
    throw new Error(text);
  }
  return { kind: "add", prefix, seconds: 60 };
}

const tooMuch = (): Error => new Error("too much");

describe("answers", () => {
  test("a state is read", () => {
    const state = readState([
      "own 203.0.113.1",
      "own 2001:db8::1",
      "entry 198.51.100.7/32 86399 12 3456",
      "entry 2001:db8:7::/64 - 1 80",
      "entry 2001:db8::/32 5",
      "fault IPv4: chain PORTCULLIS in table raw is missing",
      "capacity 3 1048576",
      "entry 198.51.100.999/32 5",
      "entry 198.51.100.8/32",
      "entry",
      "",
      "news from a later version",
    ]);

    expect([...state.entries]).toEqual([
      ["198.51.100.7/32", 86_399],
      ["2001:db8:7::/64", Number.POSITIVE_INFINITY],
      ["2001:db8::/32", 5],
    ]);
    expect([...state.drops]).toEqual([
      ["198.51.100.7/32", { packets: 12, bytes: 3456 }],
      ["2001:db8:7::/64", { packets: 1, bytes: 80 }],
    ]);
    expect(state.capacity).toEqual({ used: 3, most: 1_048_576 });
    expect(state.faults).toEqual(["IPv4: chain PORTCULLIS in table raw is missing"]);
    expect(state.ownAddresses).toEqual(["203.0.113.1", "2001:db8::1"]);
  });

  test("each change gets its result, and what the host is silent about has failed", () => {
    const changes = ["1", "2", "3", "4", "5"].map((last) => add(`198.51.100.${last}/32`));

    const { results, repaired } = readApplied(changes, [
      "repaired set portcullis4 was missing",
      "refused 198.51.100.2/32 address of this host",
      "failed 198.51.100.3/32 is not in the set",
      "verified 198.51.100.1/32",
      "applied 198.51.100.5/32 the jump is not the first rule",
    ]);

    expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["verified", ""],
      ["refused", "address of this host"],
      ["failed", "is not in the set"],
      ["failed", "the host did not say what became of it"],
      ["applied", "the jump is not the first rule"],
    ]);
    expect(repaired).toEqual(["set portcullis4 was missing"]);
  });

  test("an error stands for the whole request", () => {
    expect(wholeFault(["own 203.0.113.1", "error awk failed on this host"])).toBe("awk failed on this host");
    expect(wholeFault(["verified 198.51.100.1/32"])).toBeUndefined();
  });

  test.each([
    ["no route at all", ["gateway none"], null],
    ["one that answers", ["gateway 192.0.2.1 answers"], null],
    ["one that is silent", ["gateway 192.0.2.1 silent"], "its default gateway 192.0.2.1 does not answer"],
    ["a second one that is silent", ["gateway 192.0.2.1 answers", "gateway 192.0.2.2 silent"], null],
    [
      "none that answers",
      ["gateway 192.0.2.1 silent", "gateway 192.0.2.2 silent"],
      "its default gateway 192.0.2.1 and 192.0.2.2 does not answer",
    ],
    [
      "one of IPv6 that is silent",
      ["gateway 192.0.2.1 answers", "gateway fe80::1 silent"],
      "its default gateway fe80::1 does not answer",
    ],
  ])("of gateways, %s", (_what, lines, expected) => {
    expect(silentGateways(lines)).toBe(expected);
  });

  test("changes are one line each", () => {
    expect(requestLine({ ...add("198.51.100.1"), kind: "add", seconds: Number.POSITIVE_INFINITY })).toBe(
      "add 198.51.100.1/32 -",
    );
    expect(requestLine(add("198.51.100.1"))).toBe("add 198.51.100.1/32 60");
    expect(requestLine({ kind: "remove", prefix: add("2001:db8::/64").prefix })).toBe("del 2001:db8::/64");
  });
});

describe("output", () => {
  test("gives what stands before each mark, however it is cut", async () => {
    const output = createOutput(1000, tooMuch);
    const first = output.until("end 1\n");
    for (const letter of "banner\nbegin 1\nx\nend 1\nbegin 2\n") {
      output.push(letter);
    }
    const second = output.until("end 2\n");
    output.push("y\nend");
    output.push(" 2\n");

    await expect(first).resolves.toBe("banner\nbegin 1\nx\nend 1\n");
    await expect(second).resolves.toBe("begin 2\ny\nend 2\n");
  });

  test("answers at once from what has come already", async () => {
    const output = createOutput(1000, tooMuch);
    output.push("a\nb\n");

    await expect(output.until("\n")).resolves.toBe("a\n");
    await expect(output.until("\n")).resolves.toBe("b\n");
  });

  test("fails what is asked, now and later, but first gives what it has", async () => {
    const output = createOutput(1000, tooMuch);
    output.push("a\n");
    output.fail(new Error("gone"));

    await expect(output.until("\n")).resolves.toBe("a\n");
    await expect(output.until("\n")).rejects.toThrow("gone");
  });

  test("is bounded", async () => {
    const output = createOutput(10, tooMuch);
    const asked = output.until("never");
    output.push("01234567890");

    await expect(asked).rejects.toThrow("too much");
  });

  test("takes little while nobody asks, and nothing once it was too much", async () => {
    const output = createOutput(1024 * 1024 * 1024, tooMuch);
    const piece = "x".repeat(100_000);
    const taken = Array.from({ length: 20 }, () => output.push(piece)).filter(Boolean);

    expect(taken).toHaveLength(10);
    await expect(output.until("x")).rejects.toThrow("too much");
  });
});

test("a quoted word survives a shell", () => {
  expect(shellQuote('it\'s $HOME `id` "x"\n')).toBe("'it'\\''s $HOME `id` \"x\"\n'");
});
