import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { park } from "../fakes/parking.ts";
import { openPlanned } from "../fakes/query-plans.ts";
import { after, ip, prefix, recordOf, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { temporaryDirectory } from "../fakes/store-engines.ts";

const address = ip("203.0.113.9");
const facts = { mode: "enforce", now: t0, windows: [600, 60] } as const;

const questions: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  facts: (store) => store.factsOf([address, ip("2001:db8::1")], facts),
  "look-ups that are claimed": (store) => store.claimLookUps("virustotal", sampleClaim()),
  "look-ups in a network": (store) => store.lookUpsIn("virustotal", prefix("203.0.113.0/24")),
  "look-ups that are put off": (store) => store.postponeLookUps("virustotal", [address], after(5)),
  "look-ups that are finished": (store) =>
    store.finishLookUps({ provider: "virustotal", findings: [], dropped: [address], now: after(9) }),
  "addresses that are awaited": (store) => store.awaited([address], t0),
  "a hold that is placed": (store) =>
    store.recordDecision(recordOf(sampleDecision("de_2", { action: "hold" }))),
  "what is parked, to be due": (store) => store.hastenParked(after(5)),
  "sightings that are parked": async (store) => {
    const [sighting] = await store.claimSightings(sampleClaim({ now: after(60) }));
    await (sighting === undefined ? undefined : park(store, sighting));
  },
};

/** Reading all rows, whatever of; the longer part of a step tells an index. One step in an index of lengths is none. */
const readsAll =
  /^SCAN (?:sightings|findings|holds|blocks|lifts|look_ups)(?! USING COVERING INDEX (?:\w+_length|sightings_waiting_ip)$)/;
const sorts = /TEMP B-TREE FOR .*ORDER BY/;
/** Where another index would do as well while there are few rows. */
const indexes: Readonly<Record<string, RegExp>> = {
  facts: /blocks USING INDEX blocks_prefix/,
  "look-ups that are claimed": /look_ups USING INDEX look_ups_urgent/,
  "look-ups in a network": /look_ups_network \(provider=\? AND network=\?\)/,
  "addresses that are awaited": /sightings USING (?:COVERING )?INDEX sightings_waiting_ip/,
  "a hold that is placed": /holds USING INDEX holds_lapsing/,
  "what is parked, to be due": /sightings USING (?:COVERING )?INDEX sightings_waiting_ip/,
  "look-ups that are finished": /sightings USING INDEX sightings_waiting_ip/,
};

test.each(Object.entries(questions))("%s are found by an index however many there are", async (what, ask) => {
  const { store, plans } = await openPlanned(join(temporaryDirectory(), "portcullis.db"));
  onTestFinished(() => store.close());
  await store.recordDecision(recordOf(sampleDecision("de_1")));
  await store.liftBlocks(prefix("203.0.113.9/32"), {
    actor: "a",
    reason: "b",
    now: t0,
    graceUntil: after(9),
  });
  await store.recordSightings("al_1", [{ ip: address, count: 1, fields: [], severity: null }], t0);
  plans();

  await ask(store);

  const steps = plans();
  expect(steps).not.toEqual([]);
  expect(steps.filter((step) => readsAll.test(step) || sorts.test(step))).toEqual([]);
  expect(steps.some((step) => indexes[what]?.test(step) ?? true)).toBe(true);
});
