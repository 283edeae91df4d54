import { AppError, type ErrorCode } from "../../src/domain/errors.ts";
import type { Evidence } from "../../src/domain/finding.ts";
import { type IpAddress, parseIpAddress } from "../../src/domain/ip-address.ts";
import type { Candidate } from "../../src/domain/look-up.ts";
import { createEnrich, type EnrichDeps } from "../../src/enrich/enrich.ts";
import type { RaisedAlarm } from "../../src/enrich/provider-alarms.ts";
import type { Answered, IntelProvider, Log, QuotaWindow } from "../../src/ports.ts";
import { createLookUpStore } from "./look-up-store.ts";
import { ip, t0 } from "./samples.ts";

export const attacker = ip("203.0.113.45");
export const other = ip("203.0.113.46");
export const evidence: Evidence = {
  numbers: { score: 90 },
  times: {},
  hints: [],
  asn: null,
  facts: [["ISP", "Example"]],
  link: "https://example.com/",
};
/** A signal that never aborts. */
export const never = new AbortController().signal;

/** Everything around the look-ups, with the clock that the caller moves. */
export function createEnrichDesk(
  providers: readonly IntelProvider[],
  changes: Partial<EnrichDeps> = {},
  store = createLookUpStore(),
) {
  const lines: { readonly level: string; readonly fields: object }[] = [];
  const alarms: RaisedAlarm[] = [];
  const ended: string[] = [];
  const clock = {
    now: t0,
    /** So many seconds later. */
    wait(seconds: number): void {
      clock.now = new Date(clock.now.getTime() + seconds * 1000);
    },
  };
  const line =
    (level: string) =>
    (fields: object): void => {
      lines.push({ level, fields });
    };
  const log: Log = { debug() {}, info: line("info"), warn: line("warn"), error: line("error") };
  const enrich = createEnrich({
    providers,
    store,
    local: () => [],
    termsAsked: () => ({ numbers: ["score"], times: [] }),
    findings: { known: 43_200, unknown: 3600, failed: 600 },
    onAlarm: async (alarm) => {
      alarms.push(alarm);
    },
    onAlarmEnd: async (key) => {
      ended.push(key);
    },
    holder: "worker-1",
    now: () => clock.now,
    log,
    ...changes,
  });
  /** One step of the queue in which everything is still wanted. */
  const step = (provider: string, signal: AbortSignal = never) =>
    enrich.workQueue(provider, {
      wanted: async (candidates) => new Set(candidates.map(({ ip }) => ip)),
      signal,
    });
  return { enrich, store, lines, alarms, ended, clock, step };
}

export interface FakeProvider extends IntelProvider {
  /** In the order in which they were asked. */
  readonly asked: IpAddress[];
}

/** Answers what `answer` says, and remembers what it was asked. */
export function provider(
  name: string,
  answer: (address: IpAddress, signal: AbortSignal) => Promise<Evidence | undefined>,
  changes: Partial<IntelProvider> & { readonly told?: () => readonly QuotaWindow[] } = {},
): FakeProvider {
  const asked: IpAddress[] = [];
  const { told = () => [], ...rest } = changes;
  return {
    name,
    title: name.toUpperCase(),
    terms: { numbers: ["score"], times: [], accusing: ["score"] },
    keyId: "0123456789ab",
    quota: [],
    isOptional: false,
    lookUp: (address: IpAddress, signal: AbortSignal): Promise<Answered<Evidence | undefined>> => {
      asked.push(address);
      return answer(address, signal).then((value) => ({ value, quota: told() }));
    },
    ...rest,
    asked,
  };
}

export function failure(name: string, code: ErrorCode, retryAfterMs?: number): AppError {
  return new AppError(code, `${name} said no`, { retryable: false, retryAfterMs });
}

export function failing(name: string, code: ErrorCode, retryAfterMs?: number): FakeProvider {
  return provider(name, () => Promise.reject(failure(name, code, retryAfterMs)));
}

/** Knows every address. */
export const knowing = (name: string, changes: Parameters<typeof provider>[2] = {}): FakeProvider =>
  provider(name, async () => evidence, changes);

/** Never answers. */
export const silent = (name: string): FakeProvider => provider(name, () => new Promise(() => undefined));

/** The n-th address of a storm; each in a /24 of its own. */
export function stranger(n: number): IpAddress {
  const address = parseIpAddress(`20.${Math.floor(n / 250)}.${n % 250}.7`);
  if (address === undefined) {
    throw new Error(`there is no address ${n}`);
  }
  return address;
}

export function candidate(address: IpAddress, changes: Partial<Candidate> = {}): Candidate {
  return {
    ip: address,
    severity: "medium",
    events: 1,
    searches: ["brute force"],
    firewalls: 1,
    closeness: 0,
    ...changes,
  };
}
