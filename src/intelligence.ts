import type { Config } from "./config/config.ts";
import { createSearchPlan, type PlanWanted, type SearchPlan } from "./decide/block-target.ts";
import { type OpenProviders, openProviders } from "./decide/open-providers.ts";
import { termsAsked } from "./decide/terms-asked.ts";
import { windowsOf } from "./decide/windows-of.ts";
import { messageOf } from "./domain/errors.ts";
import type { Policy } from "./domain/policy.ts";
import { createEnrich, type Enrich } from "./enrich/enrich.ts";
import { createListIndex } from "./enrich/list-index.ts";
import { localFindings } from "./enrich/local-findings.ts";
import { createRefreshLists, type RefreshLists } from "./enrich/refresh-lists.ts";
import type { OpenQuestion } from "./pipeline/deps.ts";
import type { IntelProvider, Log, PrefixListSource, Store } from "./ports.ts";

export interface IntelligenceDeps {
  readonly config: Pick<Config, "findings" | "firewalls" | "mode" | "policy" | "searches" | "shadow">;
  readonly providers: readonly IntelProvider[];
  readonly lists: readonly PrefixListSource[];
  readonly store: Store;
  /** Channels that are told of alarms. */
  readonly channels: readonly string[];
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** How alerts of each search are decided, what is known of addresses, and who can be asked. */
export interface Intelligence {
  readonly planOf: (wanted: PlanWanted) => SearchPlan;
  /** All that decide: of the settings as a whole, and of searches. */
  readonly policies: readonly Policy[];
  /** The windows, in seconds, in which they and the shadow policy count events. */
  readonly windows: readonly number[];
  readonly openProviders: (question: OpenQuestion) => OpenProviders;
  readonly enrich: Enrich;
  readonly refreshLists: RefreshLists;
}

export function createIntelligence(deps: IntelligenceDeps): Intelligence {
  const { config, providers, lists, store, channels, now, log } = deps;
  const policies = [config.policy, ...config.searches.flatMap(({ policy }) => policy ?? [])];
  let index = createListIndex([], lists);
  const enrich = createEnrich({
    providers,
    store,
    local: (ip) => localFindings(ip, index, now()),
    termsAsked: (provider) => termsAsked(policies, provider),
    findings: config.findings,
    onAlarm: async (alarm) => {
      await store.raiseAlarm(alarm, channels, now());
    },
    onAlarmEnd: (key) => store.endAlarm(key, now()),
    holder: deps.holder,
    now,
    log,
  });
  return {
    planOf: createSearchPlan({
      searches: config.searches,
      firewalls: config.firewalls.filter(({ isEnabled }) => isEnabled),
      mode: config.mode,
      policy: config.policy,
    }),
    policies,
    windows: windowsOf(config.shadow === null ? policies : [...policies, config.shadow]),
    openProviders: (question) => {
      const able = providers.filter((provider) => provider.covers?.(question.ip) ?? true);
      return openProviders({ ...question, providers: able });
    },
    enrich,
    refreshLists: createRefreshLists({
      sources: lists,
      store,
      onLists: (records) => {
        index = createListIndex(records, lists);
        // What waits for a provider may be named by a new list.
        store.hastenParked(now()).catch((error: unknown) => {
          log.warn({ error: messageOf(error) }, "what waits was not looked at again after a new list");
        });
      },
      now,
      log,
    }),
  };
}
