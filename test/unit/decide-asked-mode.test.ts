import { describe, expect, test } from "vitest";
import { virustotal } from "../fakes/findings.ts";
import { decideOn } from "./decide-desk.ts";

const bad = [virustotal(9)];
const observed = { mode: "observe", inputs: { askedMode: "observe" } } as const;
const nothing = "the alert asks for mode observe: nothing is blocked because of it";

describe("a decision says when its alert's mode held it back", () => {
  test("a block that is only on record", () => {
    expect(decideOn(bad, observed)).toMatchObject({
      action: "block",
      mode: "observe",
      reasons: expect.arrayContaining([nothing]),
      inputs: { askedMode: "observe" },
    });
  });

  test("a hold of a rule, whose approval would block nobody", () => {
    expect(decideOn([virustotal(3)], observed)).toMatchObject({
      action: "hold",
      holdCause: "rule",
      reasons: expect.arrayContaining([nothing]),
    });
  });

  test("a block that a person must approve", () => {
    const { action, holdCause, reasons } = decideOn(bad, {
      mode: "approve",
      inputs: { askedMode: "approve" },
    });

    expect({ action, holdCause }).toEqual({ action: "hold", holdCause: "approve" });
    expect(reasons.at(-1)).toBe("the alert asks for mode approve");
  });

  test("not where it made no difference", () => {
    const held = decideOn([virustotal(3)], { mode: "approve", inputs: { askedMode: "approve" } });
    const watched = decideOn([virustotal(0)], observed);
    const usual = decideOn(bad, { mode: "observe" });

    for (const { reasons } of [held, watched, usual]) {
      expect(reasons.join()).not.toContain("the alert asks");
    }
    expect(usual.inputs).not.toHaveProperty("askedMode");
  });
});
