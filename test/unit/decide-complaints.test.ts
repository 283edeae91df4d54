import { expect, test } from "vitest";
import { createComplaints } from "../../src/decide/complaints.ts";

test("a complaint is told once, then hourly, when it changes, and anew when it had ended", () => {
  const told: object[] = [];
  let nowMs = 0;
  const complaints = createComplaints({ warn: (fields) => told.push(fields) }, () => nowMs);
  const tell = (error: string): number => {
    complaints.tell("host a", { error }, "can't be resolved");
    return told.length;
  };

  expect(tell("x")).toBe(1);
  nowMs = 3_599_999;
  expect(tell("x")).toBe(1);
  expect(tell("y")).toBe(2);
  nowMs += 3_600_000;
  expect(tell("y")).toBe(3);
  expect(tell("y")).toBe(3);
  complaints.end("host a");
  expect(tell("y")).toBe(4);
  complaints.tell("host b", { error: "y" }, "can't be resolved");
  expect(told).toHaveLength(5);
});
