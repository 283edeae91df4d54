import { describe, expect, test } from "vitest";
import { createSearchPlan, isFor } from "../../src/decide/block-target.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { policyWith } from "./decide-desk.ts";

const firewalls = [
  { name: "edge-1", groups: ["edge"] },
  { name: "dmz-1", groups: ["dmz"] },
  { name: "alone", groups: [] },
];
const same = { groups: null, mode: null, severity: null, fields: null, policy: null };
const strict = policyWith({ block: [] });

const options = { firewalls, mode: "enforce", policy: defaultPolicy, searches: [] } as const;
const planFor = createSearchPlan({
  ...options,
  searches: [
    { ...same, name: "DMZ *", groups: ["dmz"], mode: "observe" },
    { ...same, name: "ssh *", mode: "approve", severity: "high", fields: ["src"], policy: strict },
    { ...same, name: "*", groups: ["edge", "dmz"] },
  ],
});

const planOf = (searchName: string | null) => planFor({ searchName, askedMode: null });

describe("how alerts of a search are handled", () => {
  test("by the first rule that fits its name, in all that it says", () => {
    expect(planOf("SSH brute force")).toEqual({
      groups: null,
      firewalls: ["edge-1", "dmz-1", "alone"],
      mode: "approve",
      askedMode: null,
      policy: strict,
      severity: "high",
      fields: ["src"],
    });
    expect(planOf("dmz: brute force")).toEqual({
      groups: ["edge", "dmz"],
      firewalls: ["edge-1", "dmz-1"],
      mode: "enforce",
      askedMode: null,
      policy: defaultPolicy,
      severity: null,
      fields: null,
    });
  });

  test("on no firewall in mode observe, for the groups that it would be for", () => {
    expect(planOf("dmz brute force")).toMatchObject({ groups: ["dmz"], firewalls: [], mode: "observe" });
    expect(
      createSearchPlan({ ...options, mode: "observe" })({ searchName: "x", askedMode: null }).firewalls,
    ).toEqual([]);
  });

  test("as the settings say when no rule fits, or the alert has no search", () => {
    const usual = {
      groups: null,
      firewalls: ["edge-1", "dmz-1", "alone"],
      mode: "enforce",
      askedMode: null,
      policy: defaultPolicy,
      severity: null,
      fields: null,
    };

    expect(planOf(null)).toEqual(usual);
    expect(createSearchPlan(options)({ searchName: "x", askedMode: null })).toEqual(usual);
  });

  test("more cautiously when its alert asks for it, and never more freely", () => {
    const modes = ["observe", "approve", "enforce", null] as const;
    const modesOf = (searchName: string) =>
      modes.map((askedMode) => {
        const plan = planFor({ searchName, askedMode });
        return [plan.mode, plan.askedMode, plan.firewalls.length];
      });

    expect(modesOf("DMZ x")).toEqual(modes.map(() => ["observe", null, 0]));
    expect(modesOf("ssh x")).toEqual([
      ["observe", "observe", 0],
      ["approve", null, 3],
      ["approve", null, 3],
      ["approve", null, 3],
    ]);
    expect(modesOf("other")).toEqual([
      ["observe", "observe", 0],
      ["approve", "approve", 2],
      ["enforce", null, 2],
      ["enforce", null, 2],
    ]);
  });

  test("a firewall without groups gets only what is for all", () => {
    expect(isFor(null, [])).toBe(true);
    expect(isFor(["edge"], [])).toBe(false);
    expect(isFor(["edge", "dmz"], ["dmz"])).toBe(true);
  });
});
