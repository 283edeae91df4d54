import { onTestFinished } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { type Pipeline, type PipelineDeps, startPipeline } from "../../src/pipeline.ts";
import type { Plan } from "../../src/pipeline/deps.ts";
import type { AddressFacts, DecisionRecord, Parking, WaitingSighting } from "../../src/ports.ts";
import { ip, sampleDecision, t0 } from "./samples.ts";
import { silentLog } from "./silent-log.ts";
import { unlimited } from "./unlimited.ts";

export const address = ip("203.0.113.45");

const sighting: WaitingSighting = {
  id: "si_1",
  alertId: "al_1",
  searchName: "SSH",
  askedMode: null,
  ip: address,
  count: 3,
  fields: ["src_ip"],
  severity: "high",
  attempts: 0,
  createdAt: t0,
};

export const nothingKnown: AddressFacts = {
  standing: { block: null, heldUntil: null, graceUntil: null },
  findings: [],
  activity: [],
  offences: [],
};

export const plan: Plan = {
  groups: null,
  firewalls: ["edge-1", "edge-2"],
  mode: "enforce",
  askedMode: null,
  policy: { ...defaultPolicy, unavailable: { action: "wait", seconds: 3600 } },
  severity: null,
};

/** A decision that blocks what VirusTotal calls malicious, and watches everything else. */
const decide: PipelineDeps["decide"] = ({ findings, isFinal, inputs, protectedReason }) => {
  const isBad = findings.some(
    (one) => one.status === "known" && (one.evidence.numbers["malicious"] ?? 0) >= 5,
  );
  return sampleDecision("de_1", {
    ip: address,
    action: protectedReason !== null ? "ignore" : isBad ? "block" : "watch",
    reasons: [protectedReason ?? (isFinal ? "final" : "first look")],
    inputs: { ...inputs, offences: 0 },
    findings,
  });
};

/** VirusTotal is open until it has answered. */
const openProviders: PipelineDeps["openProviders"] = ({ findings }) => ({
  open: findings.some(({ provider }) => provider === "virustotal") ? [] : ["virustotal"],
  forHints: [],
  failed: [],
  closeness: 0.5,
});

export type Changes = Partial<Omit<PipelineDeps, "store">> & {
  readonly store?: Partial<PipelineDeps["store"]>;
  readonly answer?: Finding;
  readonly facts?: AddressFacts;
  /** None: nothing waits for its decision. */
  readonly sightings?: readonly WaitingSighting[];
};

interface Outcome {
  readonly recorded?: DecisionRecord;
  readonly parked?: Parking;
  readonly asked: readonly string[];
}

/** What becomes of the one sighting: the pipeline with edges in memory; VirusTotal answers with `answer`, or has no quota. */
export async function decided(changes: Changes = {}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Omit<Outcome, "asked">>();
  const asked: string[] = [];
  begin(changes, resolve, asked);
  return { ...(await promise), asked };
}

/** The pipeline, until the test is over. */
export function begin(
  changes: Changes,
  resolve: (outcome: Omit<Outcome, "asked">) => void = () => undefined,
  asked: string[] = [],
): Pipeline {
  const { answer, facts = nothingKnown, store = {}, sightings = [sighting], ...others } = changes;
  let left = sightings;
  const pipeline = startPipeline({
    store: {
      claimAlerts: () => Promise.resolve([]),
      recordSightings: () => Promise.resolve(),
      failAlert: () => Promise.resolve(),
      claimSightings: () => {
        const claimed = left;
        left = [];
        return Promise.resolve(claimed);
      },
      postponeSighting: (_id, _at, reason) => Promise.reject(new Error(reason)),
      awaited: (ips) => Promise.resolve(new Set(ips)),
      holds: () => Promise.resolve({ items: [], next: null }),
      parkSighting: (parked) => {
        resolve({ parked });
        return Promise.resolve();
      },
      failSighting: () => Promise.resolve(),
      factsOf: (ips) => Promise.resolve(new Map(ips.map((one) => [one, facts]))),
      neighbours: () => Promise.resolve({ blocked: 0, lifted: false }),
      recordDecision: (recorded) => {
        resolve({ recorded });
        return Promise.resolve(recorded.decision);
      },
      ...store,
    },
    extract: () => [],
    followUp: () => ({ search: null, recovery: null, doubt: null, askedMode: null }),
    onRecoveryWanted: () => undefined,
    confirmationOf: null,
    protectedReason: () => null,
    confirmCrawler: () => Promise.resolve(null),
    enrich: {
      local: () => [],
      ask: (_ip, providers) => {
        asked.push(...providers);
        return Promise.resolve(
          answer === undefined
            ? {
                findings: [],
                waiting: providers.map((provider) => ({
                  provider,
                  reason: "no quota",
                  retryAt: null,
                  kind: "quota",
                })),
              }
            : { findings: [answer], waiting: [] },
        );
      },
      workQueue: () => Promise.resolve(1000),
    },
    providers: ["virustotal"],
    openProviders,
    decide,
    planOf: () => plan,
    windows: [],
    mayAggregate: () => false,
    blockNetwork: () => {
      throw new Error("not asked for");
    },
    limits: unlimited,
    channels: [],
    onDecided: () => undefined,
    isCrowded: () => false,
    holder: "test",
    now: () => t0,
    log: silentLog,
    ...others,
  });
  onTestFinished(() => pipeline.stop());
  return pipeline;
}
