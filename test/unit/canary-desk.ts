import { createCanaryRule } from "../../src/enforce/canary-rule.ts";
import type { Store } from "../../src/ports.ts";
import { createFakeFirewall } from "../fakes/firewall.ts";
import type { IpPrefix } from "../../src/domain/ip-address.ts";
import { b, desk, running, unreachable } from "./enforce-desk.ts";

/** `edge-1` waits for the canary `canary-1`. */
export async function twoFirewalls() {
  const here = await desk();
  const canary = createFakeFirewall("canary-1");
  /** With these in force it reaches its gateway no more; with those no answer comes back. */
  const harmful = new Set<IpPrefix>();
  const deadly = new Set<IpPrefix>();
  canary.checkUp = () =>
    Promise.resolve(
      canary.down !== undefined || [...canary.entries.keys()].some((prefix) => harmful.has(prefix))
        ? "its default gateway does not answer"
        : null,
    );
  const applyAtOnce = canary.apply.bind(canary);
  canary.apply = (changes, signal) =>
    changes.some(({ prefix }) => deadly.has(prefix))
      ? Promise.reject(unreachable)
      : applyAtOnce(changes, signal);
  const canaryReconciler = here.create("here-1", { firewall: canary, isCanary: true });
  const waitsFor = createCanaryRule({ canaries: ["canary-1"], store: here.store, now: here.now });
  const reconciler = here.create("here-1", { waitsFor });
  return {
    ...here,
    canary,
    harmful,
    deadly,
    stepCanary: () => canaryReconciler.step(running),
    step: () => reconciler.step(running),
    block: (network: IpPrefix, firewalls = ["canary-1", "edge-1"]) => here.block(network, {}, firewalls),
  };
}

/** The same, with `b` in force on both: the canary has been seen to be well. */
export async function twoWellFirewalls() {
  const both = await twoFirewalls();
  await both.stepCanary();
  await both.step();
  await both.block(b);
  await both.stepCanary();
  await both.step();
  return both;
}

export async function stateOn(store: Store, network: IpPrefix, firewall: string) {
  const { enforcements } = await store.story(`de_${network}_0`);
  return enforcements.find((one) => one.firewall === firewall);
}
