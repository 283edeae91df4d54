import type { Store } from "../ports.ts";
import { leaseMs } from "./pace.ts";

export interface ForgetProvidersDeps {
  readonly store: Pick<Store, "lookUpBacklogs" | "claimLookUps" | "finishLookUps" | "hastenLookUps">;
  /** Names of those that are configured. */
  readonly providers: readonly string[];
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
}

const atOnce = 500;

/** What waits for a provider that is not configured any more would wait in vain: it is looked at again without it. */
export async function forgetProviders({ store, providers, holder, now }: ForgetProvidersDeps): Promise<void> {
  for (const { provider } of await store.lookUpBacklogs()) {
    if (providers.includes(provider)) {
      continue;
    }
    await store.hastenLookUps(provider, now());
    for (;;) {
      const claimed = await store.claimLookUps(provider, { holder, limit: atOnce, now: now(), leaseMs });
      if (claimed.length === 0) {
        break;
      }
      const dropped = claimed.map(({ ip }) => ip);
      await store.finishLookUps({ provider, findings: [], dropped, now: now() });
    }
  }
}
