import { expect, onTestFinished, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import { prefixOf } from "../../src/domain/ip-address.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { type Pipeline, type PipelineDeps, startPipeline } from "../../src/pipeline.ts";
import type { Plan } from "../../src/pipeline/deps.ts";
import type { AddressFacts, DecisionRecord, WaitingSighting } from "../../src/ports.ts";
import { ip, prefix, sampleAlert, sampleDecision, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { unlimited } from "../fakes/unlimited.ts";

function sighting(id: string, attempts = 0): WaitingSighting {
  return {
    id,
    alertId: "al_1",
    searchName: "brute force",
    askedMode: null,
    ip: ip("203.0.113.9"),
    count: 1,
    fields: ["src_ip"],
    severity: null,
    attempts,
    createdAt: t0,
  };
}

const nothingKnown: AddressFacts = {
  standing: { block: null, heldUntil: null, graceUntil: null },
  findings: [],
  activity: [],
  offences: [],
};

const plan: Plan = {
  groups: null,
  firewalls: [],
  mode: "observe",
  askedMode: null,
  policy: defaultPolicy,
  severity: null,
};

/** Hands out these sightings once. */
function once<T>(items: readonly T[]): () => Promise<readonly T[]> {
  let left = items;
  return () => {
    const now = left;
    left = [];
    return Promise.resolve(now);
  };
}

function start(store: Partial<PipelineDeps["store"]>, changes: Partial<PipelineDeps> = {}): Pipeline {
  const pipeline = startPipeline({
    store: {
      claimAlerts: () => Promise.resolve([]),
      recordSightings: () => Promise.resolve(),
      failAlert: () => Promise.resolve(),
      claimSightings: () => Promise.resolve([]),
      postponeSighting: () => Promise.resolve(),
      failSighting: () => Promise.resolve(),
      awaited: (ips) => Promise.resolve(new Set(ips)),
      holds: () => Promise.resolve({ items: [], next: null }),
      parkSighting: () => Promise.resolve(),
      factsOf: (ips) => Promise.resolve(new Map(ips.map((one) => [one, nothingKnown]))),
      neighbours: () => Promise.resolve({ blocked: 0, lifted: false }),
      recordDecision: ({ decision }) => Promise.resolve(decision),
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
      ask: () => Promise.resolve({ findings: [], waiting: [] }),
      workQueue: () => Promise.resolve(1000),
    },
    providers: [],
    openProviders: () => ({ open: [], closeness: 0, forHints: [], failed: [] }),
    windows: [],
    limits: unlimited,
    decide: (): Decision => sampleDecision("de_1", { action: "watch", expiresAt: null }),
    planOf: () => plan,
    mayAggregate: () => false,
    blockNetwork: (address) => ({ prefix: prefixOf(address), reason: null }),
    channels: [],
    onDecided: () => undefined,
    isCrowded: () => false,
    holder: "test",
    now: () => t0,
    log: silentLog,
    ...changes,
  });
  onTestFinished(() => pipeline.stop());
  return pipeline;
}

test("a sighting that can't be decided waits as a row and is counted", async () => {
  const { promise, resolve } = Promise.withResolvers<readonly [string, Date, string]>();
  start({
    claimSightings: once([sighting("si_1", 2)]),
    recordDecision: () => Promise.reject(new Error("a bug")),
    postponeSighting: (id, dueAt, reason) => {
      resolve([id, dueAt, reason]);
      return Promise.resolve();
    },
  });

  expect(await promise).toEqual(["si_1", new Date(t0.getTime() + 20_000), "a bug"]);
});

test("one that fails every time ends as failed", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  start({
    claimSightings: once([sighting("si_1", 100)]),
    recordDecision: () => Promise.reject(new Error("a bug")),
    failSighting: (id) => {
      resolve(id);
      return Promise.resolve();
    },
  });

  expect(await promise).toBe("si_1");
});

test("one whose lease ended under way is not decided a second time beside the first", async () => {
  const gate = Promise.withResolvers<void>();
  const claimedTwice = Promise.withResolvers<void>();
  let claims = 0;
  let lookUps = 0;
  const pipeline = start(
    {
      claimAlerts: once([sampleAlert("al_1")]),
      claimSightings: () => {
        claims += 1;
        if (claims === 2) {
          claimedTwice.resolve();
        }
        return Promise.resolve(claims <= 2 ? [sighting("si_1")] : []);
      },
    },
    {
      openProviders: () => ({ open: ["virustotal"], closeness: 0, forHints: [], failed: [] }),
      enrich: {
        local: () => [],
        ask: async () => {
          lookUps += 1;
          await gate.promise;
          return {
            findings: [],
            waiting: [{ provider: "virustotal", reason: "later", retryAt: null, kind: "quota" }],
          };
        },
        workQueue: () => Promise.resolve(1000),
      },
    },
  );

  await claimedTwice.promise;
  gate.resolve();
  await pipeline.stop();

  expect(lookUps).toBe(1);
});

test("stop waits for every alert that is being extracted, also when another one failed", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let isDone = false;
  const pipeline = start({
    claimAlerts: once([sampleAlert("al_bad"), sampleAlert("al_slow")]),
    recordSightings: async (alertId) => {
      if (alertId === "al_bad") {
        throw new Error("a bug");
      }
      started.resolve();
      await gate.promise;
      isDone = true;
    },
  });
  await started.promise;

  const stopped = pipeline.stop();
  gate.resolve();
  await stopped;

  expect(isDone).toBe(true);
});

test("while deliveries queue up, batches are rationed", async () => {
  let claims = 0;
  const pipeline = start(
    {
      claimAlerts: () => {
        claims += 1;
        return Promise.resolve([sampleAlert(`al_${claims}`)]);
      },
    },
    { isCrowded: () => true },
  );

  for (let n = 0; n < 50; n += 1) {
    await new Promise(setImmediate);
    pipeline.wake();
  }

  expect(claims).toBeLessThanOrEqual(2);
});

/** A decision to block `203.0.113.9`, as it is handed to the store. */
async function recorded(changes: Partial<PipelineDeps>, store: Partial<PipelineDeps["store"]> = {}) {
  const { promise, resolve } = Promise.withResolvers<DecisionRecord>();
  start(
    {
      claimSightings: once([sighting("si_1")]),
      recordDecision: (record) => {
        resolve(record);
        return Promise.resolve(record.decision);
      },
      ...store,
    },
    {
      decide: () => sampleDecision("de_1", { ip: ip("203.0.113.9"), reasons: ["8 engines"] }),
      ...changes,
    },
  );
  return promise;
}

test("a block goes to the firewalls that its search is for", async () => {
  const asked: (string | null)[] = [];
  const record = await recorded({
    planOf: ({ searchName }) => {
      asked.push(searchName);
      return { ...plan, groups: ["dmz"], firewalls: ["dmz-1"] };
    },
  });

  expect(asked).toEqual(["brute force"]);
  expect(record).toMatchObject({ groups: ["dmz"], firewalls: ["dmz-1"] });
});

test("a block on the whole network says why", async () => {
  const whole = prefix("203.0.113.0/24");
  const record = await recorded(
    {
      mayAggregate: () => true,
      blockNetwork: (_ip, _policy, { blocked }) => ({ prefix: whole, reason: `${blocked} neighbours` }),
    },
    { neighbours: () => Promise.resolve({ blocked: 3, lifted: false }) },
  );

  expect(record.prefix).toBe(whole);
  expect(record.decision.reasons).toEqual(["8 engines", "3 neighbours"]);
});

test("a block that stands for other firewalls settles nothing for these", async () => {
  const block = {
    id: "bl_1",
    prefix: prefix("203.0.113.9/32"),
    mode: "enforce" as const,
    groups: ["edge"],
    decisionId: "de_0",
    createdAt: t0,
    expiresAt: t0,
  };
  const standing: unknown[] = [];
  await recorded(
    {
      planOf: () => ({ ...plan, mode: "enforce", groups: ["dmz"], firewalls: ["dmz-1"] }),
      decide: (question) => {
        standing.push(question.standing.block);
        return sampleDecision("de_1", { ip: ip("203.0.113.9") });
      },
    },
    {
      factsOf: (ips) =>
        Promise.resolve(
          new Map(
            ips.map((one) => [
              one,
              { ...nothingKnown, standing: { block, heldUntil: null, graceUntil: null } },
            ]),
          ),
        ),
    },
  );

  expect(standing).toEqual([null]);
});
