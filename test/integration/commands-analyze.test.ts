import { utimesSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { progressLine } from "../../src/cli/progress.ts";
import { analyzeDesk as desk, attack, failed, fine, found } from "./analyze-desk.ts";

describe("analyze", () => {
  test("prints who went over the threshold: a table, bars, the failures over time", async () => {
    const { analyze } = desk({
      "auth.log": fine + attack("203.0.113.9", 6) + attack("2001:db8::5") + attack("198.51.100.7", 4),
    });

    const { exitCode, out, err } = await analyze("auth.log");

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out.replace(/\([\d.]+ kB, [^)]*\)/, "(…)")).toBe(
      [
        "auth.log: sshd, 16 lines, 15 failures (…)",
        "",
        "address      what           events  first                    last                     tried",
        "203.0.113.9  failed logins  6       2024-05-01 12:00:00 UTC  2024-05-01 12:00:05 UTC  root",
        "2001:db8::5  failed logins  5       2024-05-01 12:00:00 UTC  2024-05-01 12:00:04 UTC  root",
        "",
        `203.0.113.9  ${"▇".repeat(40)} 6`,
        `2001:db8::5  ${"▇".repeat(33)} 5`,
        "",
        "████▆▃  failures per 1 second, from 2024-05-01 12:00:00 UTC",
        "",
        "1 address stayed below the threshold.",
        "",
      ].join("\n"),
    );
  });

  test("as JSON", async () => {
    const { analyze } = desk({ "auth.log": attack("203.0.113.9") });

    expect(found((await analyze("auth.log", "--json")).out)).toEqual({
      logs: [{ name: "auth.log", format: "sshd", lines: 5, events: 5, fault: null }],
      findings: [{ address: "203.0.113.9", kind: "failed-login", count: 5, names: ["root"] }],
      addressesBelow: 0,
      sent: null,
    });
  });

  test("threshold and window come from the options, else from the settings", async () => {
    const { analyze, withSettings } = desk({ "auth.log": attack("203.0.113.9") });
    const count = async (answer: ReturnType<typeof analyze>) => found((await answer).out).findings.length;

    expect(await count(analyze("auth.log", "--json", "--threshold", "6"))).toBe(0);
    expect(await count(analyze("auth.log", "--json", "--window", "4s"))).toBe(0);
    expect(await count(analyze("auth.log", "--json", "--window", "5s"))).toBe(1);
    expect(await count(withSettings({ BRUTE_FORCE_THRESHOLD: "6" }, "auth.log", "--json"))).toBe(0);
    expect(
      await count(withSettings({ BRUTE_FORCE_THRESHOLD: "6" }, "auth.log", "--json", "--threshold", "5")),
    ).toBe(1);
  });

  test("several logs, packed or not, the oldest first, and standard input", async () => {
    const { analyze, piped, path } = desk({
      "auth.log": failed(4, "203.0.113.9"),
      "auth.log.1": failed(3, "203.0.113.9") + failed(2, "203.0.113.9"),
      "auth.log.2.gz": gzipSync(failed(0, "203.0.113.9") + failed(1, "203.0.113.9")),
    });
    utimesSync(path("auth.log.1"), 2000, 2000);
    utimesSync(path("auth.log.2.gz"), 1000, 1000);

    const { logs, findings } = found(
      (await analyze("auth.log", "auth.log.1", "auth.log.2.gz", "--json")).out,
    );
    const { out } = await piped(attack("203.0.113.9"), "-", "--json");

    expect(logs.map(({ name, lines }) => [name, lines])).toEqual([
      ["auth.log.2.gz", 2],
      ["auth.log.1", 2],
      ["auth.log", 1],
    ]);
    expect(findings).toMatchObject([{ address: "203.0.113.9", count: 5 }]);
    expect(found(out).findings).toMatchObject([{ address: "203.0.113.9", count: 5 }]);
  });

  test("a Windows export in UTF-16", async () => {
    const event =
      '{"EventID":4625,"TimeCreated":"2024-05-01T12:00:00Z","TargetUserName":"Jörg","IpAddress":"203.0.113.9"}\r\n';
    const { analyze } = desk({ "events.json": Buffer.from(`\ufeff${event.repeat(5)}`, "utf16le") });

    expect(found((await analyze("events.json", "--json")).out)).toMatchObject({
      logs: [{ format: "windows-security" }],
      findings: [{ address: "203.0.113.9", names: ["Jörg"] }],
    });
  });

  test("a flood of requests has a threshold of its own", async () => {
    const line = '203.0.113.9 - - [01/May/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n';
    const { analyze } = desk({ "access.log": line.repeat(200) });

    expect(found((await analyze("access.log", "--json")).out).findings).toEqual([]);
    expect(found((await analyze("access.log", "--json", "--flood", "200")).out).findings).toMatchObject([
      { address: "203.0.113.9", kind: "request", count: 200 },
    ]);
  });

  test("what a log holds can do nothing to a terminal", async () => {
    const { analyze } = desk({ "auth.log": attack("203.0.113.9", 5, "a\u001b[31m\u202eb\u0007") });

    const text = await analyze("auth.log");
    const json = await analyze("auth.log", "--json");

    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(text.out + json.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text.out).toContain("a\ufffd[31m\ufffdb\ufffd");
  });

  test("says what it looked for when nothing is found, and how near it came", async () => {
    const { analyze } = desk({ "notes.txt": "hello\n", "auth.log": attack("203.0.113.9", 3) });

    expect((await analyze("notes.txt")).out).toMatch(
      /^notes.txt: generic, 1 line, 0 failures .*\n\nNo failure was found\.\nIt was read as lines like these; --format names another of sshd, .*\n {2}anything with .*\n {4}2024-05-01T12:00:00Z app: login failed/,
    );
    expect((await analyze("auth.log")).out).toContain(
      "No address reached 5 failures within 35 minutes; 203.0.113.9 came nearest, with 3 in all.",
    );
  });

  test("a packed log that breaks off is read as far as it goes", async () => {
    const packed = gzipSync(attack("203.0.113.9").repeat(2000));
    const { analyze } = desk({ "auth.log.gz": packed.subarray(0, packed.length - 100) });

    const { exitCode, out } = await analyze("auth.log.gz", "--json");

    expect(exitCode).toBe(0);
    expect(found(out)).toMatchObject({
      logs: [{ fault: "the packed file breaks off" }],
      findings: [{ address: "203.0.113.9" }],
    });
  });

  test.each([
    [["nothing.log"], "nothing.log can't be read: no such file or directory"],
    [["."], ". is a directory"],
    [["auth.log", "--format", "syslog"], "--format: expected one of sshd, windows-security"],
    [["auth.log", "--threshold", "0"], "--threshold: expected a whole number"],
    [["auth.log", "--window", "permanent"], "--window: expected at most 24h"],
    [["auth.log", "--top", "x"], "--top: expected a whole number"],
    [["auth.log", "--from-start"], "--from-start goes with --follow"],
    [["-", "-"], "- is standard input, and can be read only once"],
  ])("%j: exit code 1", async (args, words) => {
    const { analyze } = desk({ "auth.log": "" });
    const { exitCode, out, err } = await analyze(...args);

    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expect(err).toContain(`error: ${words}`);
  });
});

test("progress is a bar with what is known", () => {
  expect(progressLine(500_000_000, 1_000_000_000, 2000)).toBe(
    `${"▇".repeat(12)}${"░".repeat(12)}   50%  500 MB of 1.0 GB  250 MB/s  2 s left`,
  );
  expect(progressLine(1500, 0, 1000)).toBe("1.5 kB  1.5 kB/s");
});
