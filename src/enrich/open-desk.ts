import type { Finding } from "../domain/finding.ts";
import type { IntelProvider } from "../ports.ts";
import type { EnrichDeps } from "./enrich.ts";
import { createGovernor, type Governor } from "./governor.ts";
import type { CallDeps } from "./make-call.ts";
import { createFindingMaker } from "./make-finding.ts";
import { createNetworkLookUps } from "./network-look-ups.ts";
import { createProviderAlarms, type ProviderAlarms } from "./provider-alarms.ts";
import { createProviderDesk, type DeskDeps, type ProviderDesk } from "./provider-desk.ts";
import { budgetKey } from "./provider-states.ts";
import { createUselessAnswers } from "./useless-answers.ts";

/** All that belongs to one provider. */
export interface Desk {
  readonly desk: ProviderDesk;
  readonly governor: Governor;
  readonly alarms: ProviderAlarms;
  readonly call: CallDeps;
}

const defaultTimeoutMs = 10_000;

export function openDesk(provider: IntelProvider, deps: EnrichDeps): Desk {
  const { store, now, log, timeoutMs = defaultTimeoutMs } = deps;
  const { name, quota } = provider;
  const alarms = createProviderAlarms(provider, deps);
  const governor = createGovernor({ key: budgetKey(provider, "check"), quota, store, now });
  const onRecovered = () => store.hastenLookUps(name, now());
  const useless = createUselessAnswers();
  const call: CallDeps = { provider, governor, alarms, useless, onRecovered, timeoutMs, now, log };
  const findings = createFindingMaker(name, deps.findings, now);
  const save = (found: readonly Finding[]) =>
    store.finishLookUps({ provider: name, findings: found, dropped: [], now: now() });
  const parts = { call, findings, save };
  const desk = createProviderDesk({ ...parts, store, network: openNetwork(parts, deps) });
  return { desk, governor, alarms, call };
}

function openNetwork(
  { call, findings, save }: Pick<DeskDeps, "call" | "findings" | "save">,
  { store, now, termsAsked }: EnrichDeps,
): DeskDeps["network"] {
  const { provider } = call;
  const { network } = provider;
  if (network === undefined) {
    return null;
  }
  const key = budgetKey(provider, "network");
  const governor = createGovernor({ key, quota: network.quota, store, now });
  // That networks are refused, e.g. because the plan does not include them, says nothing about questions for one address.
  const nothing = () => Promise.resolve();
  const alarms = { ...call.alarms, answersUseless: nothing, answersAreGood: nothing };
  return createNetworkLookUps({
    network,
    call: { ...call, governor, alarms, useless: createUselessAnswers() },
    store,
    termsAsked: () => termsAsked(provider.name),
    findings,
    save,
  });
}
