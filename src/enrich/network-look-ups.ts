import type { Evidence, Finding } from "../domain/finding.ts";
import { familyOf, type IpAddress, type IpPrefix, neighbourhoodOf } from "../domain/ip-address.ts";
import type { LookUpRecords, NetworkLookUp, ProviderTerms } from "../ports.ts";
import { type CallDeps, makeCall } from "./make-call.ts";
import type { FindingMaker } from "./make-finding.ts";
import { createNeighbours, type Neighbours, type NetworkAnswer } from "./neighbours.ts";
import type { Wish } from "./quota/gear.ts";
import { createSingleFlight } from "./single-flight.ts";

/** What the policies ask of one provider, by name. */
export type TermsAsked = Pick<ProviderTerms, "numbers" | "times">;

export interface NetworkDeps {
  readonly network: NetworkLookUp;
  /** With the governor of network look-ups. */
  readonly call: CallDeps;
  readonly store: Pick<LookUpRecords, "lookUpsIn">;
  readonly termsAsked: () => TermsAsked;
  readonly findings: FindingMaker;
  readonly save: (findings: readonly Finding[]) => Promise<void>;
}

/**
 * Answers about many addresses of one IPv4 /24 with one call. Who is absent from the answer is unknown, although it looks back 30 days
 * only; who is in it can be cleared or held by it, and must be asked about alone before it can be blocked.
 */
export interface NetworkLookUps {
  /** The address is asked for: its neighbours may make a network look-up worth while. */
  readonly note: (ip: IpAddress) => void;
  /** Whether `find` may give something, as far as is known without asking the store. */
  readonly mayFind: (ip: IpAddress, wish: Wish) => boolean;
  /** The finding, saved; null when the address must be asked for alone. */
  readonly find: (ip: IpAddress, wish: Wish) => Promise<Finding | null>;
  readonly settle: () => Promise<void>;
}

const fewestNeighbours = 3;

/** After an answer that was none, e.g. because the plan does not include it. */
const restMs = 3_600_000;

interface Fetched {
  readonly answer: NetworkAnswer;
  /** Addresses whose findings are kept already. */
  readonly saved: ReadonlySet<IpAddress>;
}

export function createNetworkLookUps(deps: NetworkDeps): NetworkLookUps {
  const { call, findings } = deps;
  const neighbours = createNeighbours(call.now);
  // Who comes second shares what the first has got, whatever each would have been allowed alone.
  const flights = createSingleFlight<IpPrefix, Fetched | "failed" | null>();
  let failedAt: Date | null = null;

  const isUsable = (ip: IpAddress): boolean => {
    const ageMs = failedAt === null ? -1 : call.now().getTime() - failedAt.getTime();
    return familyOf(ip) === 4 && !(ageMs >= 0 && ageMs < restMs) && isEnough(deps);
  };
  const fetch = async (network: IpPrefix, wish: Wish): Promise<Fetched | null> => {
    const answer = neighbours.answerOf(network);
    if (answer !== undefined) {
      return { answer, saved: new Set() };
    }
    if (!(await hasNeighbours(deps, neighbours, network))) {
      return null;
    }
    const fetched = await flights.join(network, () => askNetwork(deps, neighbours, network, wish));
    if (fetched === "failed") {
      failedAt = call.now();
      return null;
    }
    return fetched;
  };

  return {
    note(ip) {
      if (familyOf(ip) === 4) {
        neighbours.note(ip);
      }
    },
    mayFind(ip, wish) {
      const network = neighbourhoodOf(ip);
      return (
        isUsable(ip) &&
        (neighbours.answerOf(network) !== undefined ||
          (neighbours.askedIn(network).length >= fewestNeighbours && call.governor.refusalOf(wish) === null))
      );
    },
    async find(ip, wish) {
      const fetched = isUsable(ip) ? await fetch(neighbourhoodOf(ip), wish) : null;
      if (fetched === null) {
        return null;
      }
      const finding = findings.answered(ip, saidOf(ip, fetched.answer));
      if (!fetched.saved.has(ip)) {
        await deps.save([finding]);
      }
      return finding;
    },
    settle: () => flights.settle(),
  };
}

/** Marked, whatever the provider's adapter says: nobody may be blocked by it. */
function saidOf(ip: IpAddress, answer: NetworkAnswer): Evidence | undefined {
  const evidence = answer.get(ip);
  return evidence && { ...evidence, isPartial: true, isFromNetwork: true };
}

/** Whether its answers hold all that the policies ask of this provider. */
function isEnough({ network, termsAsked }: NetworkDeps): boolean {
  const { numbers, times } = termsAsked();
  return (
    numbers.every((name) => network.terms.numbers.includes(name)) &&
    times.every((name) => network.terms.times.includes(name))
  );
}

async function hasNeighbours(
  { call, store }: NetworkDeps,
  neighbours: Neighbours,
  network: IpPrefix,
): Promise<boolean> {
  const asked = neighbours.askedIn(network);
  return (
    asked.length >= fewestNeighbours ||
    new Set([...asked, ...(await store.lookUpsIn(call.provider.name, network))]).size >= fewestNeighbours
  );
}

/** The answer, with findings for all that wait in this network; `failed` when asking again is of no use; null when it must wait. */
async function askNetwork(
  { network: source, call, store, findings, save }: NetworkDeps,
  neighbours: Neighbours,
  network: IpPrefix,
  wish: Wish,
): Promise<Fetched | "failed" | null> {
  let saved: ReadonlySet<IpAddress> = new Set();
  const called = await makeCall<NetworkAnswer>(call, {
    about: network,
    wish,
    make: (signal) => source.lookUp(network, signal),
    isKnown: (answer) => answer.size > 0,
    keep: async (called) => {
      if ("value" in called) {
        neighbours.keepAnswer(network, called.value);
        const waiting = await store.lookUpsIn(call.provider.name, network);
        await save(waiting.map((ip) => findings.answered(ip, saidOf(ip, called.value))));
        saved = new Set(waiting);
      }
    },
  });
  if ("failed" in called) {
    return "failed";
  }
  return "value" in called ? { answer: called.value, saved } : null;
}
