import { afterEach } from "vitest";
import type { HecConfig } from "../../src/config/config.ts";
import type { ToldEvent } from "../../src/domain/told-event.ts";
import { createHecNotifier, type HecOptions } from "../../src/notify/hec/create-hec-notifier.ts";
import type { Notifier } from "../../src/ports.ts";
import { decisionEvent } from "../../src/record/events/decision-event.ts";
import { type Hec, type HecOptions as FakeOptions, startHec } from "../fakes/hec.ts";
import { after, ip, sampleDecision } from "../fakes/samples.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

export const hecToken = "3f9a0c1e-hunter2-token";

/** A collector that is stopped after the test. */
export async function hecServer(options: FakeOptions = {}): Promise<Hec> {
  const hec = await startHec({ token: hecToken, ...options });
  cleanups.push(() => hec.stop());
  return hec;
}

/** A notifier to it, closed after the test. */
export function hecNotifier(
  hec: Pick<Hec, "url">,
  changes: Partial<HecConfig> = {},
  options: Partial<HecOptions> = {},
): Notifier<ToldEvent> {
  const notifier = createHecNotifier(
    { url: hec.url, token: hecToken, index: null, ca: null, certSha256: null, ...changes },
    { hostname: "blocker01", version: "0.2.0", ...options },
  );
  cleanups.push(() => notifier.close());
  return notifier;
}

/** So many decisions, `de_0` first. */
export function decisions(count: number): readonly ToldEvent[] {
  return Array.from({ length: count }, (_, n) =>
    decisionEvent(
      sampleDecision(`de_${n}`, { ip: ip(`203.0.113.${n % 256}`), action: "watch", decidedAt: after(n) }),
    ),
  );
}

/** Ids of what was indexed, as often as it was. */
export function indexedIds({ indexed }: Pick<Hec, "indexed">): readonly string[] {
  return indexed.map(({ event }) => String(event["event_id"]));
}

export const patience = (): AbortSignal => AbortSignal.timeout(30_000);
