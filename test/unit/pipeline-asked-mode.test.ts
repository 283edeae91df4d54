import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/pipeline/deps.ts";
import type { Hold } from "../../src/ports.ts";
import { virustotal } from "../fakes/findings.ts";
import { address, decided, plan } from "../fakes/pipeline-desk.ts";
import { after, sampleDecision, sampleInputs, t0 } from "../fakes/samples.ts";

/** As the plans of searches do it, for one search in mode `enforce`. */
const planOf = ({ askedMode }: { readonly askedMode: Plan["mode"] | null }): Plan =>
  askedMode === "observe" ? { ...plan, mode: "observe", askedMode, firewalls: [] } : plan;

const sighting = {
  id: "si_1",
  alertId: "al_1",
  searchName: "SSH",
  ip: address,
  count: 3,
  fields: ["src_ip"],
  severity: "high",
  attempts: 0,
  createdAt: t0,
} as const;

describe("what an alert asks for", () => {
  test("reaches the decision, and no firewall gets its block", async () => {
    const { recorded } = await decided({
      answer: virustotal(9),
      planOf,
      sightings: [{ ...sighting, askedMode: "observe" }],
    });

    expect(recorded).toMatchObject({
      firewalls: [],
      decision: { action: "block", inputs: { askedMode: "observe" } },
    });
  });

  test("is no part of a decision that it did not change", async () => {
    const { recorded } = await decided({
      answer: virustotal(9),
      planOf,
      sightings: [{ ...sighting, askedMode: "enforce" }],
    });

    expect(recorded?.firewalls).toEqual(["edge-1", "edge-2"]);
    expect(recorded?.decision.inputs).not.toHaveProperty("askedMode");
  });

  test("counts when a hold is looked at again", async () => {
    const hold: Hold = {
      decision: sampleDecision("de_hold", {
        action: "hold",
        holdCause: "provider",
        ip: address,
        // The receiver asked for the same when it was decided.
        inputs: sampleInputs({ missing: ["virustotal"] }),
      }),
      searchName: "SSH",
      askedMode: "observe",
      createdAt: t0,
      expiresAt: after(3600),
      state: "waiting",
      endedAt: null,
      actor: null,
      reason: null,
    };
    const finding = virustotal(9);
    const { recorded } = await decided({
      planOf,
      sightings: [],
      store: { holds: () => Promise.resolve({ items: [hold], next: null }) },
      facts: {
        standing: { block: null, heldUntil: null, graceUntil: null },
        findings: [{ ...finding, ip: address, foundAt: t0, expiresAt: after(3600) }],
        activity: [],
        offences: [],
      },
    });

    expect(recorded).toMatchObject({ firewalls: [], decision: { inputs: { askedMode: "observe" } } });
  });
});
