import { expect, test } from "vitest";
import type { Hold } from "../../src/ports.ts";
import { virustotal } from "../fakes/findings.ts";
import { address, type Changes, decided, nothingKnown } from "../fakes/pipeline-desk.ts";
import { after, sampleDecision, sampleInputs, t0 } from "../fakes/samples.ts";

const hold: Hold = {
  decision: sampleDecision("de_held", {
    ip: address,
    action: "hold",
    inputs: sampleInputs({ missing: ["virustotal"] }),
  }),
  searchName: "SSH",
  askedMode: null,
  createdAt: t0,
  expiresAt: after(3600),
  state: "waiting",
  endedAt: null,
  actor: null,
  reason: null,
};

/** A hold waits, and nothing else. */
function reviewed(changes: Changes = {}, one: Hold = hold) {
  return decided({
    sightings: [],
    facts: { ...nothingKnown, findings: [virustotal(9)] },
    ...changes,
    store: { holds: () => Promise.resolve({ items: [one], next: null }), ...changes.store },
  });
}

test("a hold for want of an answer becomes a block when the answer comes", async () => {
  const { recorded } = await reviewed();

  expect(recorded).toMatchObject({
    sightingId: "",
    decision: { action: "block", alertId: "al_1", ip: address },
  });
  expect(recorded?.decision.id).not.toBe(hold.decision.id);
});

/** What the reviews of one second record. */
async function recordedBy(changes: Changes, one?: Hold): Promise<number> {
  let records = 0;
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  void reviewed(
    {
      ...changes,
      store: {
        ...changes.store,
        holds: () => {
          looks += 1;
          return Promise.resolve({ items: looks === 1 ? [one ?? hold] : [], next: null });
        },
        recordDecision: ({ decision }) => {
          records += 1;
          return Promise.resolve(decision);
        },
        // Read after the holds: then the page has been reviewed up to here.
        factsOf: (ips) => {
          setImmediate(resolve);
          return Promise.resolve(
            new Map(ips.map((ip) => [ip, { ...nothingKnown, findings: [virustotal(9)], ...changes.facts }])),
          );
        },
      },
    },
    one,
  );
  await promise;
  await new Promise(setImmediate);
  return records;
}

test("it is recorded once for one look", async () => {
  expect(await recordedBy({})).toBe(1);
});

test.each([
  ["protected by now", { protectedReason: () => "on the allow-list" }],
  [
    "let out by now",
    { facts: { ...nothingKnown, standing: { ...nothingKnown.standing, graceUntil: after(9) } } },
  ],
  ["a crawler", { confirmCrawler: () => Promise.resolve("crawl-1.googlebot.com") }],
])("but not when the address is %s", async (_what, changes) => {
  expect(await recordedBy(changes)).toBe(0);
});
