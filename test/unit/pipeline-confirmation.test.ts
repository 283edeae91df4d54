import { describe, expect, test } from "vitest";
import type { Confirmation, Hold } from "../../src/ports.ts";
import { virustotal } from "../fakes/findings.ts";
import { address, begin, type Changes, decided } from "../fakes/pipeline-desk.ts";
import { after, sampleDecision, t0 } from "../fakes/samples.ts";
import { decideOn } from "./decide-desk.ts";

const genuine: Confirmation = { isGenuine: true, doubt: null };
const unknown: Confirmation = { isGenuine: null, doubt: null };
const forged: Confirmation = { isGenuine: false, doubt: "Splunk does not know its sid" };

const confirmed = (confirmation: Confirmation): Changes => ({
  answer: virustotal(9),
  confirmationOf: () => Promise.resolve(confirmation),
});

/** Decides with the real rules, by what VirusTotal says. */
const decide: NonNullable<Changes["decide"]> = ({ findings, doubt }) => ({
  ...decideOn(findings, { doubt }),
  ip: address,
});

/** When it is looked at again. */
async function postponed(changes: Changes): Promise<{ readonly dueAt: Date; readonly reason: string }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly dueAt: Date; readonly reason: string }>();
  begin({
    ...changes,
    store: {
      postponeSighting: (_id, dueAt, reason) => {
        resolve({ dueAt, reason });
        return Promise.resolve();
      },
    },
  });
  return promise;
}

describe("a block of an alert that Splunk must confirm", () => {
  test("is made when it has", async () => {
    const { recorded } = await decided({ ...confirmed(genuine), decide });

    expect(recorded?.decision.action).toBe("block");
  });

  test("waits for a minute until it has", async () => {
    const early = await postponed({ ...confirmed(unknown), decide, now: () => after(59) });
    const { recorded } = await decided({ ...confirmed(unknown), decide, now: () => after(60) });

    expect(early).toEqual({ dueAt: after(64), reason: "waits until Splunk has confirmed its alert" });
    expect(recorded?.decision).toMatchObject({
      action: "hold",
      holdCause: "unconfirmed",
      reasons: expect.arrayContaining([
        "Splunk has not confirmed the alert: Splunk has not answered within 60 s",
      ]),
    });
  });

  test("is held at once when Splunk says that it is none of its alerts", async () => {
    const { recorded } = await decided({ ...confirmed(forged), decide });

    expect(recorded?.decision).toMatchObject({ action: "hold", holdCause: "unconfirmed" });
    expect(recorded?.decision.reasons[0]).toBe(
      "Splunk has not confirmed the alert: Splunk does not know its sid",
    );
  });

  test("what is no block is not asked about", async () => {
    const { recorded } = await decided({
      answer: virustotal(0),
      decide,
      confirmationOf: () => Promise.reject(new Error("asked")),
    });

    expect(recorded?.decision.action).toBe("watch");
  });
});

describe("a hold", () => {
  const hold = (holdCause: "unconfirmed" | "provider"): Hold => ({
    decision: sampleDecision("de_held", {
      ip: address,
      action: "hold",
      holdCause,
      inputs: { ...sampleDecision("de_1").inputs, missing: holdCause === "provider" ? ["virustotal"] : [] },
    }),
    searchName: "SSH",
    askedMode: null,
    createdAt: t0,
    expiresAt: after(3600),
    state: "waiting",
    endedAt: null,
    actor: null,
    reason: null,
  });

  const reviewed = (one: Hold, confirmation: Confirmation, recordDecision: (action: string) => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begin({
      ...confirmed(confirmation),
      decide,
      sightings: [],
      facts: {
        standing: { block: null, heldUntil: null, graceUntil: null },
        findings: [virustotal(9)],
        activity: [],
        offences: [],
      },
      store: {
        holds: ({ cursor }) => {
          // The second page is asked for when the first is done.
          if (cursor !== null) {
            resolve();
          }
          return Promise.resolve({ items: cursor === null ? [one] : [], next: cursor === null ? "2" : null });
        },
        recordDecision: ({ decision }) => {
          recordDecision(decision.action);
          return Promise.resolve(decision);
        },
      },
    });
    return promise;
  };

  test.each([
    ["unconfirmed", "confirmed since", genuine, ["block"]],
    ["unconfirmed", "not confirmed yet", unknown, []],
    ["unconfirmed", "forged", forged, []],
    ["provider", "of a genuine alert", genuine, ["block"]],
    ["provider", "of a forged alert, although the provider has answered", forged, []],
  ] as const)("for cause %s: %s", async (cause, _what, confirmation, expected) => {
    const actions: string[] = [];

    await reviewed(hold(cause), confirmation, (action) => {
      actions.push(action);
    });

    expect(actions).toEqual(expected);
  });
});
