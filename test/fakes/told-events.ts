import type { Store, WaitingNotification } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import { onTestFinished } from "vitest";
import { after, recordOf, sampleClaim, sampleDecision, sight, t0 } from "./samples.ts";

/** A store that tells a channel `hec` of every event. It is closed when the test is over. */
export async function openTellingStore(databaseUrl: string): Promise<Store> {
  const store = await openStore({ databaseUrl, eventChannels: ["hec"] });
  onTestFinished(() => store.close());
  return store;
}

/** What waits for the channel, oldest first, and takes it out. */
export async function takeTold(store: Store): Promise<readonly ToldEvent[]> {
  const waiting = await store.claimNotifications("hec", sampleClaim({ now: after(1e6), limit: 10_000 }));
  await store.deleteNotifications(waiting.map(({ id }) => id));
  return waiting.map(eventOf);
}

/** A store in which `de_1` blocks 203.0.113.9 on two firewalls, with what that told already taken. */
export async function blockingStore(
  databaseUrl: string,
): Promise<{ readonly store: Store; readonly id: string }> {
  const store = await openTellingStore(databaseUrl);
  await sight(store);
  await store.recordDecision(recordOf(sampleDecision("de_1")));
  await takeTold(store);
  return { store, id: await blockId(store) };
}

/** Of the one block that stands. */
export async function blockId(store: Store): Promise<string> {
  const [block] = await store.standingBlocks(t0);
  return block?.id ?? "";
}

function eventOf({ id, event }: WaitingNotification): ToldEvent {
  if (event === null) {
    throw new Error(`${id} tells no event`);
  }
  return event;
}
