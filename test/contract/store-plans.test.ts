import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { openPlanned } from "../fakes/query-plans.ts";
import { after, ip, prefix, recordOf, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";
import { temporaryDirectory } from "../fakes/store-engines.ts";

const first = { limit: 50, cursor: null };
const cursor = Buffer.from("1 x").toString("base64url");

const questions: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  "the first alerts": (store) => store.listAlerts(first),
  "the next alerts": (store) => store.listAlerts({ limit: 50, cursor }),
  "one alert": (store) => store.alert("al_1"),
  "the first decisions": (store) => store.listDecisions(first),
  "the next decisions": (store) => store.listDecisions({ limit: 50, cursor }),
  "the next decisions to hold": (store) => store.listDecisions({ limit: 50, cursor, action: "hold" }),
  "the next decisions that differ": (store) => store.listDecisions({ limit: 50, cursor, differsOnly: true }),
  "past decisions": (store) => store.pastDecisions({ limit: 50, cursor, since: t0 }),
  "an address": (store) => store.addressReport(ip("203.0.113.9"), t0),
  "what is protected": (store) =>
    store.liftProtected([{ prefix: prefix("203.0.113.9/32"), why: "ours" }], after(1)),
  "what is protected, and wide": (store) =>
    store.liftProtected([{ prefix: prefix("203.0.0.0/16"), why: "ours" }], after(1)),
  "what waits for a channel": (store) =>
    store.claimNotifications("email", { holder: "w", limit: 4, now: t0, leaseMs: 0 }),
  "what waits for programs": (store) =>
    store.claimNotifications("hec", { holder: "w", limit: 500, now: t0, leaseMs: 0 }, 800_000),
};

/** Tables in which there may be 100,000 rows and more. */
const large = "alerts|sightings|decisions|blocks|holds|look_ups|notifications|receipts|enforcements|lifts";
/** Reading all rows. A walk along an index is none, where a limit ends it. */
const readsAll = new RegExp(`^SCAN (?:${large}|[a-z])$`);
const sortsAll = "USE TEMP B-TREE FOR ORDER BY";
/** It sorts what its indexes have found, which is little. */
const maySort = new Set(["an address", "what waits for programs"]);

test.each(Object.entries(questions))("%s come by an index however many there are", async (what, ask) => {
  const { store, plans } = await openPlanned(join(temporaryDirectory(), "portcullis.db"));
  onTestFinished(() => store.close());
  await store.insertAlerts([sampleAlert("al_1")]);
  await store.recordDecision(recordOf(sampleDecision("de_1")));
  plans();

  await ask(store);

  const steps = plans();
  expect(steps).not.toEqual([]);
  expect(steps.filter((step) => readsAll.test(step))).toEqual([]);
  expect(maySort.has(what) || !steps.includes(sortsAll)).toBe(true);
});
