import type { Evidence } from "../domain/finding.ts";
import { type IpAddress, type IpPrefix, neighbourhoodOf } from "../domain/ip-address.ts";

/** What one network look-up gave. */
export type NetworkAnswer = ReadonlyMap<IpAddress, Evidence>;

/** What this process remembers of IPv4 /24s, for ten minutes. */
export interface Neighbours {
  readonly note: (ip: IpAddress) => void;
  /** Different addresses that were asked for. */
  readonly askedIn: (network: IpPrefix) => readonly IpAddress[];
  readonly keepAnswer: (network: IpPrefix, answer: NetworkAnswer) => void;
  readonly answerOf: (network: IpPrefix) => NetworkAnswer | undefined;
}

const memoryMs = 10 * 60_000;
const mostNetworks = 10_000;
const mostAnswers = 1000;

export function createNeighbours(now: () => Date): Neighbours {
  const asked = createMemory<ReadonlyMap<IpAddress, Date>>(mostNetworks, now);
  const answers = createMemory<NetworkAnswer>(mostAnswers, now);

  const lately = (network: IpPrefix): ReadonlyMap<IpAddress, Date> => {
    const from = now().getTime() - memoryMs;
    return new Map([...(asked.get(network) ?? [])].filter(([, at]) => at.getTime() > from));
  };

  return {
    note(ip) {
      const network = neighbourhoodOf(ip);
      asked.set(network, new Map([...lately(network), [ip, now()]]));
    },
    askedIn: (network) => [...lately(network).keys()],
    keepAnswer: (network, answer) => {
      answers.set(network, answer);
    },
    answerOf: (network) => answers.get(network),
  };
}

interface Memory<T> {
  readonly get: (network: IpPrefix) => T | undefined;
  readonly set: (network: IpPrefix, value: T) => void;
}

/** Forgets what is ten minutes old, and the oldest when there is too much. */
function createMemory<T>(most: number, now: () => Date): Memory<T> {
  const kept = new Map<IpPrefix, { readonly value: T; readonly at: number }>();
  return {
    get(network) {
      const entry = kept.get(network);
      const ageMs = now().getTime() - (entry?.at ?? 0);
      return entry !== undefined && ageMs >= 0 && ageMs < memoryMs ? entry.value : undefined;
    },
    set(network, value) {
      kept.delete(network);
      kept.set(network, { value, at: now().getTime() });
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) {
        kept.delete(oldest);
      }
    },
  };
}
