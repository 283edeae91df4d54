import { describe, expect, test } from "vitest";
import { createLogTimes } from "../../src/ingest/logs/log-times.ts";

const local = Date.parse;

describe("a stamp without a year", () => {
  test.each([
    ["the year of the reference", "May  1 12:00:00", "2024-05-02T00:00:00", "2024-05-01T12:00:00"],
    [
      "the year before, when it would be in the future",
      "Dec 31 23:59:59",
      "2024-01-01T00:00:00",
      "2023-12-31T23:59:59",
    ],
    ["a clock that is a little ahead", "Jan  1 00:00:10", "2023-12-31T23:59:00", "2024-01-01T00:00:10"],
    ["a 29 February", "Feb 29 12:00:00", "2023-06-01T00:00:00", "2020-02-29T12:00:00"],
  ] as const)("is of %s", (_name, text, reference, expected) => {
    expect(createLogTimes(() => local(reference)).syslog(text)).toBe(local(expected));
  });

  test("follows the reference as time goes on, and minutes are not mixed up", () => {
    const times = createLogTimes(() => local("2024-05-02T00:00:00"));

    expect(
      ["May  1 12:00:59", "May  1 12:01:00", "May  1 12:00:01"].map((text) => times.syslog(text)),
    ).toEqual([local("2024-05-01T12:00:59"), local("2024-05-01T12:01:00"), local("2024-05-01T12:00:01")]);
  });

  test.each(["Foo  1 12:00:00", "Feb 31 12:00:00", "May  1 noon", ""])("%j is none", (text) => {
    expect(createLogTimes(() => 0).syslog(text)).toBeUndefined();
  });
});

describe("other stamps", () => {
  const times = createLogTimes(() => 0);

  test.each([
    ["iso", "2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"],
    ["iso", "2024-05-01 12:00:00,123", "2024-05-01T12:00:00.123"],
    ["iso", "2024-05-01T12:00:00.1234567+02:00", "2024-05-01T12:00:00.123+02:00"],
    ["iso", "2024-05-01T12:00:00.5 -0130", "2024-05-01T12:00:00.500-01:30"],
    ["access", "01/May/2024:12:00:00 -0700", "2024-05-01T12:00:00-07:00"],
    ["ctime", "Wed May  1 12:00:00 2024", "2024-05-01T12:00:00"],
    ["ctime", "Wed May 11 12:00:00.123456 2024", "2024-05-11T12:00:00.123"],
  ] as const)("%# %s", (read, text, expected) => {
    expect(times[read](text)).toBe(Date.parse(expected));
  });

  test.each([
    ["iso", "2024-13-01T12:00:00Z"],
    ["iso", "yesterday"],
    ["access", "01/Foo/2024:12:00:00 +0000"],
    ["ctime", "Wed Foo  1 12:00:00 2024"],
  ] as const)("%# %s is none", (read, text) => {
    expect(times[read](text)).toBeUndefined();
  });

  test("a line without one has the time of the line before, or the reference", () => {
    const times = createLogTimes(() => 7);

    expect(times.undated()).toBe(7);
    times.iso("2024-05-01T12:00:00Z");
    expect(times.undated()).toBe(Date.parse("2024-05-01T12:00:00Z"));
  });
});
