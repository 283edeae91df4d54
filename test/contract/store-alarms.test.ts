import { expect, test } from "vitest";
import type { Store } from "../../src/ports.ts";
import { after, recordOf, sampleClaim, sampleDecision, sight, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const refused = {
  key: "provider-key virustotal",
  message: "VirusTotal refuses the key",
  advice: "Put a valid key into VIRUSTOTAL_API_KEY.",
};
const channels = ["email", "slack"];

const waiting = async (store: Store, channel: string, seconds: number) =>
  store.claimNotifications(channel, sampleClaim({ now: after(seconds), leaseMs: 0 }));

describeStore("the store's alarms", (engine) => {
  test("one is raised once, and told once on each channel, however often it is raised", async () => {
    const store = await newStore(engine);

    const raised = [
      await store.raiseAlarm(refused, channels, t0),
      await store.raiseAlarm({ ...refused, message: "still" }, channels, after(60)),
    ];

    expect(raised).toEqual([true, false]);
    const [alarm, ...others] = await store.openAlarms();
    expect(others).toEqual([]);
    expect(alarm).toEqual({ ...refused, id: alarm?.id, raisedAt: t0, endedAt: null });
    expect(alarm?.id).toMatch(/^ar_[0-9a-f]{32}$/);
    for (const channel of channels) {
      expect(await waiting(store, channel, 60)).toMatchObject([
        { subject: { kind: "alarm", id: alarm?.id }, createdAt: t0, attempts: 0 },
      ]);
    }
    expect(await store.counts(t0)).toMatchObject({ alarmsOpen: 1, notificationsWaiting: 2 });
  });

  test("many who raise the same at once raise one", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());

    const raised = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? a : b).raiseAlarm(refused, channels, t0)),
    );

    expect(raised.filter(Boolean)).toHaveLength(1);
    expect(await a.counts(t0)).toMatchObject({ alarmsOpen: 1, notificationsWaiting: 2 });
  });

  test("what is over can come again, and is told again", async () => {
    const store = await newStore(engine);
    await store.raiseAlarm(refused, channels, t0);
    await store.raiseAlarm({ ...refused, key: "other" }, [], after(1));

    await store.endAlarm(refused.key, after(10));
    await store.endAlarm(refused.key, after(20));
    await store.endAlarm("never raised", after(20));

    expect((await store.openAlarms()).map(({ key }) => key)).toEqual(["other"]);
    expect(await store.raiseAlarm(refused, channels, after(30))).toBe(true);
    expect((await store.openAlarms()).map(({ key }) => key)).toEqual([refused.key, "other"]);
    expect(await waiting(store, "email", 30)).toHaveLength(2);
  });

  test("one that ended before it was told is told as over", async () => {
    const store = await newStore(engine);
    await store.raiseAlarm(refused, channels, t0);
    await store.endAlarm(refused.key, after(10));

    const [mail] = await waiting(store, "email", 20);

    expect(await store.news({ kind: "alarm", id: mail?.subject.id ?? "" })).toMatchObject({
      kind: "alarm",
      alarm: { ...refused, raisedAt: t0, endedAt: after(10) },
    });
  });

  test("news of a decision is its story; of nothing there is none", async () => {
    const store = await newStore(engine);
    const sightingId = await sight(store);
    await store.recordDecision(recordOf(sampleDecision("de_1"), { sightingId }));
    const [mail] = await waiting(store, "email", 60);

    expect(mail?.subject).toEqual({ kind: "decision", id: "de_1" });
    expect(await store.news({ kind: "decision", id: "de_1" })).toEqual({
      kind: "decision",
      story: await store.story("de_1"),
    });
    await expect(store.news({ kind: "decision", id: "ar_1" })).rejects.toThrow("there is no decision ar_1");
    await expect(store.news({ kind: "alarm", id: "de_1" })).rejects.toThrow("there is no alarm de_1");
  });

  test("hostile text is kept as it is, but for what PostgreSQL can't keep", async () => {
    const store = await newStore(engine);
    const evil = `'; drop table alarms; -- \0 "\\ $1 ?1`;
    await store.raiseAlarm({ key: evil, message: evil, advice: evil }, [], t0);

    const safe = evil.replace("\0", "\u{FFFD}");
    expect(await store.openAlarms()).toMatchObject([{ key: safe, message: safe, advice: safe }]);
    await store.endAlarm(evil, t0);
    expect(await store.openAlarms()).toEqual([]);
  });
});
