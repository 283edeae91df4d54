import type { BackgroundDeps } from "./background.ts";
import { type Loop, startLoop } from "./loop.ts";
import { type Contents, eventsIn } from "./notify/contents.ts";
import { sendDue } from "./notify/send-due.ts";
import { stateEvents } from "./operate/state-events.ts";
import type { Notifier } from "./ports.ts";

/** Sends what waits for one channel. */
export function startOutbox<Told>(
  { edges: { store, now }, identity: { holder }, log }: Pick<BackgroundDeps, "edges" | "identity" | "log">,
  notifier: Notifier<Told>,
  contents: Contents<Told>,
): Loop {
  return startLoop(
    `outbox ${notifier.channel}`,
    (signal) => sendDue({ store, notifier, contents, holder, now, log }, signal),
    log,
  );
}

type TellingDeps = Pick<BackgroundDeps, "config" | "edges" | "identity" | "intelligence" | "log">;

/** Tells programs what happens and how things stand. Their outboxes are woken by nobody: what comes within a second goes together. */
export function startTelling(deps: TellingDeps): readonly Loop[] {
  const { store, eventNotifiers } = deps.edges;
  return eventNotifiers.length === 0
    ? []
    : [
        ...eventNotifiers.map((notifier) => startOutbox(deps, notifier, eventsIn(store))),
        startTellingState(deps),
      ];
}

const stateMs = 300_000;

/** How things stand, for dashboards: at once, and from then on at the same moments on every replica. */
function startTellingState({ config, edges: { store, now }, intelligence, log }: TellingDeps): Loop {
  const firewalls = config.firewalls.filter(({ isEnabled }) => isEnabled).map(({ name }) => name);
  const standing = { store, providers: intelligence.enrich, mode: config.mode, now };
  const tell = async (): Promise<number> => {
    const period = new Date(Math.floor(now().getTime() / stateMs) * stateMs);
    await store.tellState(period, { events: await stateEvents(standing, period), firewalls });
    return Math.max(1000, period.getTime() + stateMs - now().getTime());
  };
  return startLoop("told state", tell, log, 60_000);
}
