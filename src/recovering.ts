import type { Edges, Identity } from "./app.ts";
import type { Config } from "./config/config.ts";
import { catchUp } from "./ingest/catch-up.ts";
import { leadsToUs } from "./ingest/leads-to-us.ts";
import { createRecoverRows } from "./ingest/recover-rows.ts";
import { extractedAlert } from "./ingest/recovery-wanted.ts";
import { type Loop, startLoop } from "./loop.ts";
import type { PipelineDeps } from "./pipeline.ts";
import type { Log } from "./ports.ts";

export interface RecoveringDeps {
  readonly config: Pick<Config, "recovery" | "webhookTokens">;
  readonly edges: Pick<Edges, "splunk" | "store" | "notifiers" | "now">;
  readonly identity: Identity;
  readonly log: Log;
  /** There are new alerts. */
  readonly onAlerts: () => void;
}

/** What the pipeline needs to know of Splunk. */
export function confirming({
  config: { recovery },
  edges: { splunk, store, now },
}: Pick<RecoveringDeps, "config" | "edges">): Pick<PipelineDeps, "followUp" | "confirmationOf"> {
  const { requireGenuine } = recovery;
  const policy = { asksSplunk: splunk !== null, requireGenuine };
  return {
    followUp: (alert) => extractedAlert(alert, policy, now()),
    confirmationOf: requireGenuine ? (alertId) => store.confirmationOf(alertId) : null,
  };
}

export interface Recovering {
  readonly loops: readonly Loop[];
  /** There are rows to be fetched. */
  readonly wake: () => void;
}

/** Fetches the rows that the webhook leaves out, and looks for alerts that never came; nothing where Splunk's API is not configured. */
export function startRecovering(deps: RecoveringDeps): Recovering {
  const { config, edges, identity, log, onAlerts } = deps;
  const { splunk, store, notifiers, now } = edges;
  if (splunk === null) {
    return { loops: [], wake: () => undefined };
  }
  const common = {
    splunk,
    store,
    channels: notifiers.map(({ channel }) => channel),
    holder: identity.holder,
    now,
    log,
  };
  const recovering = startLoop(
    "recover rows",
    createRecoverRows({ ...common, requireGenuine: config.recovery.requireGenuine, onRecovered: onAlerts }),
    log,
  );
  const catchingUp = startLoop(
    "catch up",
    (signal) =>
      catchUp(
        {
          ...common,
          isOurs: (url) => leadsToUs(url, config.webhookTokens),
          everySeconds: config.recovery.catchUpSeconds,
          onMissed: recovering.wake,
        },
        signal,
      ),
    log,
    retryCatchUpMs,
  );
  return { loops: [recovering, catchingUp], wake: recovering.wake };
}

/** After a failure of the store. */
const retryCatchUpMs = 30_000;
