import { expect, test } from "vitest";
import { priorityOf } from "../../src/domain/look-up.ts";
import { attacker, candidate } from "../fakes/enrich-desk.ts";

test("more than 1,024 events make an address no more urgent", () => {
  const seen = (events: number) => priorityOf(candidate(attacker, { events }));

  expect(seen(1024)).toBeGreaterThan(seen(512));
  expect(seen(2 ** 53)).toBe(seen(1024));
  expect(priorityOf(candidate(attacker, { severity: "low", events: 2 ** 53 }))).toBeLessThan(
    priorityOf(candidate(attacker, { severity: "high" })),
  );
});
