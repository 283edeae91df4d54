import { expect, test } from "vitest";
import { createAdmission } from "../../src/ingest/admission.ts";
import { createRefusals } from "../../src/ingest/refusals.ts";
import { silentLog } from "../fakes/silent-log.ts";

function refusalsAt(clock: { ms: number }, failing = false) {
  const told: string[] = [];
  const errors: object[] = [];
  const refusals = createRefusals({
    onAlarm: ({ key }) =>
      failing ? Promise.reject(new Error("full")) : Promise.resolve(void told.push(key)),
    onAlarmEnd: (key) => Promise.resolve(void told.push(`end ${key}`)),
    log: { ...silentLog, error: (fields) => void errors.push(fields) },
    clock: () => clock.ms,
  });
  return { refusals, told, errors };
}

test("a reason is told once, until ten minutes have passed without another", async () => {
  const clock = { ms: 0 };
  const { refusals, told, errors } = refusalsAt(clock);

  refusals.note("overloaded", "192.0.2.1");
  clock.ms = 500_000;
  refusals.note("overloaded", "192.0.2.2");
  clock.ms = 1_100_000;
  await refusals.settle();
  expect(told).toEqual(["receiver-overloaded"]);
  clock.ms = 1_100_001;
  await refusals.settle();
  refusals.note("overloaded", "192.0.2.3");

  expect(told).toEqual(["receiver-overloaded", "end receiver-overloaded", "receiver-overloaded"]);
  expect(errors).toHaveLength(2);
  expect(refusals.counts().overloaded).toBe(3);
});

test("a store that can't keep the alarm is no second trouble", async () => {
  const { refusals, errors } = refusalsAt({ ms: 0 }, true);

  refusals.note("rate_limited", "192.0.2.1");
  await new Promise(setImmediate);

  expect(errors).toMatchObject([{ reason: "rate_limited" }, { error: "full" }]);
});

test("an admission bounds deliveries, bytes, and what one sender holds; a place is given back once", () => {
  const { enter } = createAdmission({ mostDeliveries: 3, mostBytes: 100, shareOfSender: 0.5 });

  const huge = enter(1000, "a");
  expect(huge).not.toBeNull();
  expect(enter(1, "b")).toBeNull();
  huge?.();
  huge?.();
  const first = enter(50, "a");
  expect(enter(1, "a")).toBeNull();
  expect(enter(50, "b")).not.toBeNull();
  expect(enter(1, "c")).toBeNull();
  expect(enter(0, "c")).not.toBeNull();
  expect(enter(0, "d")).toBeNull();
  first?.();
  expect(enter(50, "e")).not.toBeNull();
});
