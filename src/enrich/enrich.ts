import type { Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { IntelProvider, Log, Store } from "../ports.ts";
import { type Asked, type AskProvider, createAskProvider } from "./ask-provider.ts";
import { createSingleFlight } from "./single-flight.ts";

export interface EnrichDeps {
  readonly providers: readonly IntelProvider[];
  /** Keeps findings over restarts, and between replicas. */
  readonly store: Pick<Store, "findingsOf" | "saveFinding">;
  /** How long a known finding is used again. */
  readonly findingSeconds: number;
  /** How long "no data" is used again. Default is an hour, or `findingSeconds` when that is less: the next report may come soon. */
  readonly unknownSeconds?: number;
  /** For each provider. Default is 10 s. */
  readonly timeoutMs?: number;
  readonly now: () => Date;
  readonly log: Log;
}

/** What the providers say about one address. */
interface Enrichment {
  /** One per provider, in the providers' order. */
  readonly findings: readonly Finding[];
  /** The shortest wait after which a provider that failed may answer; null when waiting would not help. */
  readonly retryAfterMs: number | null;
}

export type Enrich = (ip: IpAddress, signal: AbortSignal) => Promise<Enrichment>;

const defaultTimeoutMs = 10_000;
const defaultUnknownSeconds = 3600;

/**
 * Asks every provider at once, except those whose finding is still good. Simultaneous calls about one address share one
 * look-up, which goes on while any of them waits. A failure is a finding and is not kept.
 * @throws {AppError} STORE_UNAVAILABLE (retryable); nothing else
 */
export function createEnrich(deps: EnrichDeps): Enrich {
  const { store, now, findingSeconds } = deps;
  const unknownSeconds = deps.unknownSeconds ?? Math.min(findingSeconds, defaultUnknownSeconds);
  const timeoutMs = deps.timeoutMs ?? defaultTimeoutMs;
  const askers = deps.providers.map((provider) => ({
    name: provider.name,
    ask: createAskProvider({ ...deps, provider, unknownSeconds, timeoutMs }),
  }));

  const askAndKeep = async (ask: AskProvider, ip: IpAddress, signal: AbortSignal): Promise<Asked> => {
    const asked = await ask(ip, signal);
    if (asked.finding.status !== "failed") {
      await store.saveFinding(asked.finding);
    }
    return asked;
  };

  const lookUp: Enrich = async (ip, signal) => {
    const kept = await store.findingsOf(ip, now());
    const good = kept.filter((finding) => finding.status !== "failed" && finding.expiresAt > now());
    const asked = await Promise.all(
      askers.map(async ({ name, ask }): Promise<Asked> => {
        const finding = good.find(({ provider }) => provider === name);
        if (finding !== undefined) {
          return { finding, retryAfterMs: null };
        }
        return askAndKeep(ask, ip, signal);
      }),
    );
    const waits = asked.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    return {
      findings: asked.map(({ finding }) => finding),
      retryAfterMs: waits.length === 0 ? null : Math.min(...waits),
    };
  };

  const nothing: Enrichment = { findings: [], retryAfterMs: null };
  return askers.length === 0 ? () => Promise.resolve(nothing) : createSingleFlight(lookUp);
}
