import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startAlertIntake } from "../fakes/alert-intake.ts";
import { eventually } from "../fakes/eventually.ts";
import { analyzeDesk as desk, attack, failed, found } from "./analyze-desk.ts";

describe("analyze --act", () => {
  test("sends what went over, and the same log again as the same alert", async () => {
    const intake = await startAlertIntake();
    const { analyze } = desk(
      { "auth.log": attack("203.0.113.9", 6, "8.8.8.8") + attack("198.51.100.7", 4) },
      intake,
    );

    const first = await analyze("auth.log", "--act", "--url", intake.url);
    const again = await analyze("auth.log", "--act", "--json", "--url", intake.url);

    expect(first.out).toContain(`Sent as al_${"1".padStart(32, "0")}: accepted, 1 address.`);
    expect(found(again.out).sent).toEqual([{ status: "duplicate" }]);
    expect(intake.alerts[0]).toEqual({
      source: "log",
      sid: expect.stringMatching(/^analyze__[0-9a-f]{16}_at_1714564805_1$/),
      searchName: "analyze sshd",
      results: [
        {
          src_ip: "203.0.113.9",
          count: "6",
          first: "2024-05-01T12:00:00.000Z",
          last: "2024-05-01T12:00:05.000Z",
          kind: "failed-login",
          // Not `users`: in a field of any other name the receiver would look for addresses.
          user: ["8.8.8.8"],
        },
      ],
    });
  });

  test("what only a guess found is sent when a person says that the format is right", async () => {
    const intake = await startAlertIntake();
    const line = "2024-05-01T12:00:00Z door: login failed from 203.0.113.9\n";
    const { analyze } = desk({ "door.log": line.repeat(6) }, intake);

    const guessed = await analyze("door.log", "--act", "--url", intake.url);
    const alertsBefore = intake.alerts.length;
    const said = await analyze("door.log", "--act", "--format", "generic", "--url", intake.url);

    expect(guessed).toMatchObject({
      exitCode: 1,
      err: "error: nothing was sent: door.log is of no format that is known, and a guess must block nobody. When what was found is right, say --format generic.\n",
    });
    expect(guessed.out).toContain("203.0.113.9");
    expect(alertsBefore).toBe(0);
    expect(said.exitCode).toBe(0);
    expect(intake.alerts.map(({ results }) => results[0]?.["src_ip"])).toEqual(["203.0.113.9"]);
  });

  test("sends nothing when nobody went over, and nothing without it", async () => {
    const intake = await startAlertIntake();
    const { analyze } = desk({ "auth.log": attack("203.0.113.9", 4) }, intake);

    expect((await analyze("auth.log", "--act", "--url", intake.url)).out).toContain("Nothing was sent.");
    await analyze("auth.log", "--threshold", "2");
    expect(intake.alerts).toEqual([]);
  });

  test("many addresses go in parts that the receiver takes", async () => {
    const intake = await startAlertIntake();
    const lines = Array.from({ length: 10_001 }, (_, n) => failed(0, `198.51.${n >> 8}.${n & 255}`)).join("");
    const { analyze } = desk({ "auth.log": lines }, intake);

    await analyze("auth.log", "--act", "--threshold", "1", "--url", intake.url);

    expect(intake.alerts.map(({ results }) => results.length)).toEqual([10_000, 1]);
    expect(new Set(intake.alerts.map(({ sid }) => sid)).size).toBe(2);
  });

  test("without a receiver the result is printed, and the exit code is 2", async () => {
    const { analyze } = desk({ "auth.log": attack("203.0.113.9") });

    const { exitCode, out, err } = await analyze("auth.log", "--act", "--url", "http://127.0.0.1:1");

    expect(exitCode).toBe(2);
    expect(out).toContain("203.0.113.9  failed logins  5");
    expect(err).toMatch(/^API_UNREACHABLE: the receiver at http:\/\/127\.0\.0\.1:1 does not answer/m);
  });

  test("a receiver that is busy is asked again; one that refuses is not", async () => {
    const intake = await startAlertIntake();
    const { analyze } = desk({ "auth.log": attack("203.0.113.9") }, intake);
    intake.refuse(503);
    const busy = await analyze("auth.log", "--act", "--url", intake.url);
    intake.refuse(403);
    const refused = await analyze("auth.log", "--act", "--url", intake.url);

    expect(busy.out).toContain(`Sent as al_${"1".padStart(32, "0")}: accepted`);
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining("API_REFUSED: 403 Refused") });
  });
});

describe("analyze --follow", () => {
  test("tells of an address when it goes over, through a rotation, and ends with the summary", async () => {
    const { follow, path } = desk({ "auth.log": attack("198.51.100.7") });
    const { out, result, stop } = follow("auth.log");
    // What was there is not read: so the first of these tells that the end was found.
    await eventually("the first attack", () => {
      appendFileSync(path("auth.log"), attack("203.0.113.1"));
      return out().includes("203.0.113.1");
    });
    appendFileSync(path("auth.log"), failed(0, "203.0.113.9") + failed(1, "203.0.113.9"));
    renameSync(path("auth.log"), path("auth.log.1"));
    writeFileSync(path("auth.log"), failed(2, "203.0.113.9") + failed(3, "203.0.113.9"));
    appendFileSync(path("auth.log"), failed(4, "203.0.113.9"));
    await eventually("the address", () => out().includes("203.0.113.9"));
    stop();

    expect((await result).exitCode).toBe(0);
    expect(out()).toContain(
      "2024-05-01 12:00:04 UTC  203.0.113.9  5 failed logins since 2024-05-01 12:00:00 UTC (root)\n",
    );
    expect(out()).toMatch(/\n\nauth\.log: sshd, \d+ lines/);
    expect(out()).not.toContain("198.51.100.7");
  });

  test("a log of an unknown program is told of at once too", async () => {
    const line = "2024-05-01T12:00:00Z app: login failed for admin from 203.0.113.9\n";
    const { follow } = desk({ "app.log": `2024-05-01T12:00:00Z app: started\n${line.repeat(5)}` });
    const { out, result, stop } = follow("app.log", "--from-start");
    await eventually("the address", () => out().includes("203.0.113.9  5 failed logins"));
    stop();

    expect((await result).exitCode).toBe(0);
  });

  test("as one JSON document on each line", async () => {
    const { follow } = desk({ "auth.log": attack("203.0.113.9") });
    const { out, result, stop } = follow("auth.log", "--from-start", "--json");
    await eventually("the address", () => out().includes("203.0.113.9"));
    stop();
    await result;

    const lines = out().trimEnd().split("\n");
    expect(lines.map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)).type)).toEqual([
      "crossed",
      "summary",
    ]);
  });

  test("sends as it goes, and what could not be sent as soon as the receiver takes it", async () => {
    const intake = await startAlertIntake();
    intake.refuse(403);
    const { follow, path } = desk({ "auth.log": attack("203.0.113.9") }, intake);
    const { out, err, result, stop } = follow("auth.log", "--from-start", "--act", "--url", intake.url);
    await eventually("the alert", () => intake.alerts.length === 1);
    appendFileSync(path("auth.log"), attack("203.0.113.10"));
    await eventually("the next", () => out().includes("203.0.113.10"));
    stop();

    // What is left at the end is sent before it ends.
    expect((await result).exitCode).toBe(0);
    expect(err()).toContain(
      "API_REFUSED: 403 Refused: as the test wants it. It is tried again every second.",
    );
    expect(intake.alerts.map(({ results }) => results.map((row) => row["src_ip"]))).toEqual([
      ["203.0.113.9"],
      ["203.0.113.10"],
    ]);
  });

  test("what could not be sent until the end is told by the exit code", async () => {
    const { follow } = desk({ "auth.log": attack("203.0.113.9") });
    const { out, result, stop } = follow("auth.log", "--from-start", "--act", "--url", "http://127.0.0.1:1");
    await eventually("the address", () => out().includes("203.0.113.9"));
    stop();

    expect((await result).exitCode).toBe(2);
  });

  test("a file that can't be read ends it", async () => {
    const { follow } = desk({ "auth.log": "" });
    const { err, result } = follow("auth.log", ".");

    expect((await result).exitCode).toBe(1);
    expect(err()).toMatch(/^error: \. can't be read: it is a directory/);
  });
});
