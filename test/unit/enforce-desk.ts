import { onTestFinished } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { type IpPrefix, networkOf } from "../../src/domain/ip-address.ts";
import { createReconciler } from "../../src/enforce/reconciler.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { ReconcileDeps } from "../../src/enforce/reconcile.ts";
import type { Log, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { createFakeFirewall } from "../fakes/firewall.ts";
import { after, prefix, recordOf, sampleAlert, sampleDecision } from "../fakes/samples.ts";

export const a = prefix("203.0.113.1/32");
export const b = prefix("203.0.113.2/32");
export const running = new AbortController().signal;
export const unreachable = new AppError("SSH_UNREACHABLE", "edge-1 (10.0.0.1:22): connect ECONNREFUSED", {
  retryable: true,
});

/** A reconciler of `edge-1` over a real store, with a clock that stands still unless moved. */
export async function desk(
  options: Partial<Pick<ReconcileDeps, "protectedReason" | "isFor" | "isCanary">> = {},
) {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  onTestFinished(() => store.close());
  const firewall = createFakeFirewall("edge-1");
  const logged: string[] = [];
  const note = (level: string) => (_fields: object, message: string) => {
    logged.push(`${level}: ${message}`);
  };
  const log: Log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  let seconds = 0;
  const create = (holder: string, changes: Partial<ReconcileDeps> = {}) =>
    createReconciler({
      firewall,
      store,
      liftsOnly: false,
      holder,
      log,
      now: () => after(seconds),
      elapsedMs: () => seconds * 1000,
      protectedReason: () => null,
      isFor: () => true,
      isCanary: false,
      waitsFor: () => Promise.resolve(undefined),
      ...options,
      ...changes,
    });
  const reconciler = create("here-1");
  return {
    store,
    firewall,
    logged,
    create,
    step: () => reconciler.step(running),
    now: () => after(seconds),
    wait: (more: number) => {
      seconds += more;
    },
    block: async (
      network: IpPrefix,
      changes: Partial<Decision> = {},
      firewalls = ["edge-1"],
      groups: readonly string[] | null = null,
    ) => {
      const alertId = `al_${network}_${seconds}`;
      const address = networkOf(network);
      await store.insertAlerts([sampleAlert(alertId)]);
      await store.recordSightings(
        alertId,
        [{ ip: address, count: 1, fields: [], severity: null }],
        after(seconds),
      );
      const times = { decidedAt: after(seconds), expiresAt: after(3600), ...changes };
      const decision = sampleDecision(`de_${network}_${seconds}`, { alertId, ip: address, ...times });
      await store.recordDecision(recordOf(decision, { firewalls, groups, prefix: network }));
    },
    lift: (network: IpPrefix) =>
      store.liftBlocks(network, {
        actor: "admin",
        reason: "test",
        now: after(seconds),
        graceUntil: after(seconds),
      }),
  };
}

/** State and error of a block that was made at the beginning. */
export async function enforcementsOf(store: Store, network: IpPrefix) {
  const story = await store.story(`de_${network}_0`);
  return story.enforcements.map(({ state, error }) => [state, error]);
}
