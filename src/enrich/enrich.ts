import { messageOf } from "../domain/errors.ts";
import type { Finding } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { IntelProvider, Log, LookUpRecords } from "../ports.ts";
import { type Desk, openDesk } from "./open-desk.ts";
import type { FindingLifetimes } from "./make-finding.ts";
import { readQuota } from "./make-call.ts";
import type { TermsAsked } from "./network-look-ups.ts";
import type { AlarmDeps } from "./provider-alarms.ts";
import { type ProviderState, readProviderStates } from "./provider-states.ts";
import { type QueueWork, workQueue } from "./work-queue.ts";

export interface EnrichDeps extends AlarmDeps {
  readonly providers: readonly IntelProvider[];
  readonly store: Pick<
    LookUpRecords,
    | "factsOf"
    | "claimLookUps"
    | "lookUpsIn"
    | "postponeLookUps"
    | "finishLookUps"
    | "hastenLookUps"
    | "lookUpBacklogs"
    | "updateBudget"
    | "budgets"
  >;
  /** What lists on this machine say. */
  readonly local: (ip: IpAddress) => readonly Finding[];
  /** What the policies ask of a provider: whether the look-up of a whole network can answer it. */
  readonly termsAsked: (provider: string) => TermsAsked;
  /** How long a finding is used again, in seconds. */
  readonly findings: FindingLifetimes;
  /** For each call, in real time. Default is 10 s. */
  readonly timeoutMs?: number;
  /** Names this process in leases. */
  readonly holder: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** What was found out now, and who could not be asked. */
export interface Enrichment {
  /** At most one per provider that was named. */
  readonly findings: readonly Finding[];
  readonly waiting: readonly {
    readonly provider: string;
    readonly reason: string;
    /** `busy`: others are being asked about, or go first; else what is wrong with the provider, or with its answer about this address. */
    readonly kind: "busy" | "quota" | "unavailable" | "key";
    /** Null: nobody can say. */
    readonly retryAt: Date | null;
  }[];
}

/** Everything that is known of addresses, and everybody who can be asked about them. */
export interface Enrich {
  /** What lists on this machine say; costs nothing. */
  readonly local: (ip: IpAddress) => readonly Finding[];
  /**
   * Asks these providers as far as they may be asked now; answers are kept. A provider that fails is not a finding, but one that waits,
   * also when it refuses this address or its answer can't be read, until that has happened three times in a row;
   * when the signal aborts, all that have not answered wait.
   * @throws {AppError} STORE_UNAVAILABLE (retryable); nothing else
   */
  readonly ask: (ip: IpAddress, providers: readonly string[], signal: AbortSignal) => Promise<Enrichment>;
  /** One step of the queue of one provider; see `work-queue.ts`. @returns milliseconds until the next step is useful */
  readonly workQueue: (provider: string, work: QueueWork) => Promise<number>;
  /** For the API, `status` and metrics. */
  readonly states: () => Promise<readonly ProviderState[]>;
  /** Lets providers say what is left of their budgets, and whether the keys are right, where that is free. For the start. Never rejects. */
  readonly checkKeys: (signal: AbortSignal) => Promise<void>;
  /** Resolves when no look-up is under way: before, what is paid would be lost by closing the store. Never rejects. */
  readonly settle: () => Promise<void>;
}

const noSuchProvider = "is not configured any more";

export function createEnrich(deps: EnrichDeps): Enrich {
  const { providers, store, now } = deps;
  const desks = new Map(providers.map((provider) => [provider.name, openDesk(provider, deps)]));

  const askOne = async (name: string, ip: IpAddress, signal: AbortSignal): Promise<Enrichment> => {
    const desk = desks.get(name);
    if (desk === undefined) {
      return {
        findings: [],
        waiting: [{ provider: name, reason: noSuchProvider, kind: "unavailable", retryAt: null }],
      };
    }
    const lookedUp = await desk.desk.lookUp(ip, null, signal);
    if ("finding" in lookedUp) {
      return { findings: [lookedUp.finding], waiting: [] };
    }
    const { reason, kind, notBefore } = lookedUp.waits;
    return { findings: [], waiting: [{ provider: name, reason, kind, retryAt: notBefore }] };
  };

  return {
    local: deps.local,
    async ask(ip, names, signal) {
      const asked = await Promise.all(names.map((name) => askOne(name, ip, signal)));
      return {
        findings: asked.flatMap(({ findings }) => findings),
        waiting: asked.flatMap(({ waiting }) => waiting),
      };
    },
    workQueue(name, work) {
      const desk = desks.get(name);
      return desk === undefined
        ? Promise.reject(new Error(`there is no provider ${name}`))
        : workQueue({ ...deps, ...desk, provider: name }, work);
    },
    states: () => readProviderStates(providers, store, now()),
    async checkKeys(signal) {
      await Promise.all([...desks.values()].map((desk) => checkKey(desk, deps, signal)));
    },
    async settle() {
      await Promise.all([...desks.values()].map(({ desk }) => desk.settle()));
    },
  };
}

/** What was put off for the key or the budget of the last run need not wait for this one's. */
async function checkKey({ call }: Desk, { store, now, log }: EnrichDeps, signal: AbortSignal): Promise<void> {
  const { name } = call.provider;
  try {
    await readQuota(call, signal);
    await store.hastenLookUps(name, now());
  } catch (error) {
    log.warn({ provider: name, error: messageOf(error) }, "provider could not be checked at the start");
  }
}
