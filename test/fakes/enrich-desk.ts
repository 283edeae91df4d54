import { AppError, type ErrorCode } from "../../src/domain/errors.ts";
import type { Evidence, Finding } from "../../src/domain/finding.ts";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import { createEnrich, type Enrich, type EnrichDeps } from "../../src/enrich/enrich.ts";
import type { IntelProvider, Log } from "../../src/ports.ts";
import { ip, t0 } from "./samples.ts";

type Kept = Exclude<Finding, { status: "failed" }>;

export const attacker = ip("203.0.113.45");
export const other = ip("203.0.113.46");
export const evidence: Evidence = {
  numbers: { score: 90 },
  facts: [["ISP", "Example"]],
  link: "https://example.com/",
};
/** A signal that never aborts. */
export const never = new AbortController().signal;

/** Findings by provider and address, with the clock that the caller moves. */
export function createEnrichDesk(providers: readonly IntelProvider[], changes: Partial<EnrichDeps> = {}) {
  const kept = new Map<string, Kept>();
  const lines: { readonly level: string; readonly fields: object }[] = [];
  const clock = { now: t0 };
  const line =
    (level: string) =>
    (fields: object): void => {
      lines.push({ level, fields });
    };
  const log: Log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const enrich: Enrich = createEnrich({
    providers,
    store: {
      findingsOf: async (address) => [...kept.values()].filter((finding) => finding.ip === address),
      saveFinding: async (finding) => {
        kept.set(`${finding.provider} ${finding.ip}`, finding);
      },
    },
    findingSeconds: 43_200,
    now: () => clock.now,
    log,
    ...changes,
  });
  return { enrich, kept, lines, clock };
}

/** Answers what `answer` says, and remembers what it was asked. */
export function provider(
  name: string,
  answer: (address: IpAddress, signal: AbortSignal) => Promise<Evidence | undefined>,
) {
  const asked: IpAddress[] = [];
  return {
    name,
    numbers: ["score"],
    asked,
    lookUp: (address: IpAddress, signal: AbortSignal) => {
      asked.push(address);
      return answer(address, signal);
    },
  };
}

export function failing(name: string, code: ErrorCode, retryable: boolean, retryAfterMs?: number) {
  return provider(name, () =>
    Promise.reject(new AppError(code, `${name} said no`, { retryable, retryAfterMs })),
  );
}

/** Knows every address. */
export const knowing = (name: string) => provider(name, async () => evidence);
/** Answers only by giving up when it is told to. */
export const silent = (name: string) =>
  provider(
    name,
    (_address, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new AppError("PROVIDER_UNAVAILABLE", `${name} was stopped`, { retryable: true }));
        });
      }),
  );
