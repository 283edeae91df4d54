import { describe, expect, onTestFinished, test } from "vitest";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { type PipelineDeps, startPipeline } from "../../src/pipeline.ts";
import type { Plan } from "../../src/pipeline/deps.ts";
import type { AddressFacts, DecisionRecord, Parking, WaitingSighting } from "../../src/ports.ts";
import { abuseipdb, virustotal } from "../fakes/findings.ts";
import { after, ip, sampleDecision, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { unlimited } from "../fakes/unlimited.ts";

const address = ip("203.0.113.45");

const sighting: WaitingSighting = {
  id: "si_1",
  alertId: "al_1",
  searchName: "SSH",
  ip: address,
  count: 3,
  fields: ["src_ip"],
  severity: "high",
  attempts: 0,
  createdAt: t0,
};

const nothingKnown: AddressFacts = {
  standing: { block: null, heldUntil: null, graceUntil: null },
  findings: [],
  activity: [],
  offences: [],
};

const plan: Plan = {
  groups: null,
  firewalls: ["edge-1", "edge-2"],
  mode: "enforce",
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
  closeness: 0.5,
});

interface Outcome {
  readonly recorded?: DecisionRecord;
  readonly parked?: Parking;
  readonly asked: readonly string[];
}

/** What becomes of the one sighting. */
async function decided(
  changes: Partial<PipelineDeps> & { readonly answer?: Finding; readonly facts?: AddressFacts } = {},
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Omit<Outcome, "asked">>();
  const asked: string[] = [];
  const { answer, facts = nothingKnown, ...others } = changes;
  let left = [sighting];
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
    },
    extract: () => [],
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
                waiting: providers.map((provider) => ({ provider, reason: "no quota", retryAt: null })),
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
  return { ...(await promise), asked };
}

describe("a provider that is open", () => {
  test("is asked, and its answer decides", async () => {
    const { recorded, asked } = await decided({ answer: virustotal(8) });

    expect(asked).toEqual(["virustotal"]);
    expect(recorded?.decision).toMatchObject({ action: "block", reasons: ["first look"] });
  });

  test("and can't be asked now: the sighting is parked with what tells its urgency", async () => {
    const { parked, recorded } = await decided();

    expect(recorded).toBeUndefined();
    expect(parked).toEqual({
      sightingId: "si_1",
      until: after(3600),
      reason: "no quota",
      providers: ["virustotal"],
      candidate: {
        ip: address,
        severity: "high",
        events: 3,
        searches: ["SSH"],
        firewalls: 2,
        closeness: 0.5,
      },
      now: t0,
    });
  });

  test("and is not waited for any longer: it is decided, and says who is missing", async () => {
    const { recorded } = await decided({ now: () => after(3600) });

    expect(recorded?.decision).toMatchObject({
      action: "watch",
      reasons: ["final"],
      inputs: { missing: ["virustotal"] },
    });
  });

  test("is not asked when a list on this machine decides already", async () => {
    const { recorded, asked } = await decided({
      enrich: {
        local: () => [virustotal(9)],
        ask: () => Promise.reject(new Error("asked")),
        workQueue: () => Promise.resolve(1000),
      },
    });

    expect(asked).toEqual([]);
    expect(recorded?.decision.action).toBe("block");
  });

  test("is not asked again while its answer is good", async () => {
    const { recorded, asked } = await decided({ facts: { ...nothingKnown, findings: [virustotal(0)] } });

    expect(asked).toEqual([]);
    expect(recorded?.decision.action).toBe("watch");
  });

  test.each([
    ["protected", { protectedReason: () => "an own address" }],
    [
      "let out by a person",
      {
        facts: {
          ...nothingKnown,
          standing: { block: null, heldUntil: null, graceUntil: after(60) },
        },
      },
    ],
  ])("is not asked about an address that is %s", async (_what, changes) => {
    const { recorded, asked } = await decided({ ...changes, answer: virustotal(9) });

    expect(asked).toEqual([]);
    expect(recorded?.decision.findings).toEqual([]);
  });
});

describe("a finding that has expired", () => {
  const old = { ...virustotal(9), foundAt: after(-120), expiresAt: after(-60) };

  test("while the sighting waited for another provider still counts for it: nobody is asked twice about one sighting", async () => {
    const ownAnswer = { ...virustotal(9), foundAt: t0, expiresAt: after(60) };
    const { recorded, asked } = await decided({
      facts: { ...nothingKnown, findings: [ownAnswer] },
      now: () => after(1800),
    });

    expect(asked).toEqual([]);
    expect(recorded?.decision).toMatchObject({ action: "block", inputs: { missing: [] } });
  });

  test("is not used when the policy says nothing of it", async () => {
    const { parked } = await decided({ facts: { ...nothingKnown, findings: [old] } });

    expect(parked?.providers).toEqual(["virustotal"]);
  });

  test("is used while the provider can't be asked, as long as the policy says, and is marked", async () => {
    const patient = { ...plan, policy: { ...plan.policy, staleSeconds: 61 } };
    const { recorded } = await decided({
      facts: { ...nothingKnown, findings: [old] },
      planOf: () => patient,
    });

    expect(recorded?.decision).toMatchObject({ action: "block", findings: [{ isStale: true }] });
  });

  test("is not used after that", async () => {
    const impatient = { ...plan, policy: { ...plan.policy, staleSeconds: 60 } };
    const { parked } = await decided({
      facts: { ...nothingKnown, findings: [old] },
      planOf: () => impatient,
    });

    expect(parked).toBeDefined();
  });
});

test("a crawler whose name is confirmed is not blocked", async () => {
  const { recorded } = await decided({
    answer: virustotal(9),
    confirmCrawler: () => Promise.resolve("crawl-1.googlebot.com"),
  });

  expect(recorded?.decision).toMatchObject({ action: "ignore", reasons: ["crawl-1.googlebot.com"] });
});

describe("the queue of a provider", () => {
  /** Which of two candidates are still wanted. */
  async function wanted(changes: Partial<PipelineDeps>, facts = nothingKnown): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<ReadonlySet<string>>();
    const candidate = { severity: "low", events: 1, searches: ["SSH"], firewalls: 1, closeness: 0 } as const;
    await decided({
      facts,
      answer: virustotal(0),
      enrich: {
        local: () => [],
        ask: () => Promise.resolve({ findings: [virustotal(0)], waiting: [] }),
        workQueue: async (_provider, { wanted: ask }) => {
          resolve(await ask([{ ...candidate, ip: address }]));
          return 60_000;
        },
      },
      ...changes,
    });
    return [...(await promise)];
  }

  test("asks about what is still open", async () => {
    expect(await wanted({})).toEqual([address]);
  });

  test.each([
    ["protected by now", { protectedReason: () => "allow-listed" }, nothingKnown],
    ["let out by now", {}, { ...nothingKnown, standing: { ...nothingKnown.standing, graceUntil: after(9) } }],
    ["known by now", {}, { ...nothingKnown, findings: [virustotal(1), abuseipdb(2)] }],
  ])("drops what is %s", async (_what, changes, facts) => {
    expect(await wanted(changes, facts)).toEqual([]);
  });
});
