import { describe, expect, test } from "vitest";
import { abuseipdb, virustotal } from "../fakes/findings.ts";
import { address, begin, type Changes, decided, nothingKnown, plan } from "../fakes/pipeline-desk.ts";
import { after, t0 } from "../fakes/samples.ts";

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

  test("is not asked for a hint either then", async () => {
    const { recorded } = await decided({
      openProviders: () => ({ open: ["greynoise"], forHints: ["greynoise"], failed: [], closeness: 1 }),
      enrich: {
        local: () => [virustotal(9)],
        ask: () => Promise.reject(new Error("asked")),
        workQueue: () => Promise.resolve(1000),
      },
    });

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

test("a finding from a clock that was wrong is not used", async () => {
  const { asked } = await decided({
    answer: virustotal(9),
    facts: {
      ...nothingKnown,
      findings: [{ ...virustotal(0), foundAt: after(86_400), expiresAt: after(90_000) }],
    },
  });

  expect(asked).toEqual(["virustotal"]);
});

test("that others are asked first is waited for, also when the policy would go on without", async () => {
  const hasty = {
    ...plan,
    policy: { ...plan.policy, unavailable: { action: "decide-without", seconds: 0 } },
  } as const;
  const { parked } = await decided({
    planOf: () => hasty,
    enrich: {
      local: () => [],
      ask: () =>
        Promise.resolve({
          findings: [],
          waiting: [{ provider: "virustotal", reason: "others are asked", retryAt: null, kind: "busy" }],
        }),
      workQueue: () => Promise.resolve(1000),
    },
  });

  expect(parked?.until).toEqual(after(60));
});

test("a provider that fails about it again and again is missing in what is decided", async () => {
  const { recorded } = await decided({
    answer: virustotal(0),
    openProviders: () => ({ open: [], forHints: [], failed: ["abuseipdb"], closeness: 0 }),
  });

  expect(recorded?.decision).toMatchObject({ reasons: ["final"], inputs: { missing: ["abuseipdb"] } });
});

test("what became protected while it was looked at is not blocked", async () => {
  let isAsked = false;
  const { recorded } = await decided({
    protectedReason: () => (isAsked ? "on the allow-list" : null),
    enrich: {
      local: () => [],
      ask: () => {
        isAsked = true;
        return Promise.resolve({ findings: [virustotal(9)], waiting: [] });
      },
      workQueue: () => Promise.resolve(1000),
    },
  });

  expect(recorded?.decision.action).toBe("ignore");
});

test("a stop during the question for a crawler's name records nothing", async () => {
  const started = Promise.withResolvers<void>();
  let records = 0;
  const pipeline = begin({
    answer: virustotal(9),
    store: {
      recordDecision: ({ decision }) => {
        records += 1;
        return Promise.resolve(decision);
      },
    },
    confirmCrawler: (_ip, signal) => {
      started.resolve();
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          resolve(null);
        });
      });
    },
  });

  await started.promise;
  await pipeline.stop();

  expect(records).toBe(0);
});

test("a crawler whose name is confirmed is not blocked", async () => {
  const { recorded } = await decided({
    answer: virustotal(9),
    confirmCrawler: () => Promise.resolve("crawl-1.googlebot.com"),
  });

  expect(recorded?.decision).toMatchObject({ action: "ignore", reasons: ["crawl-1.googlebot.com"] });
});

describe("the queue of a provider", () => {
  test("does not count again how often an address was seen: it has waited since", async () => {
    const activities: unknown[] = [];
    await wanted({
      windows: [600],
      openProviders: ({ activity }) => {
        activities.push(activity);
        return { open: ["virustotal"], forHints: [], failed: [], closeness: 0 };
      },
    });

    expect(activities).toContainEqual([{ seconds: 600, events: Number.MAX_SAFE_INTEGER }]);
  });

  /** Which of two candidates are still wanted. */
  async function wanted(changes: Changes, facts = nothingKnown): Promise<readonly string[]> {
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
    [
      "waited for by nobody any more",
      { store: { awaited: () => Promise.resolve(new Set<never>()) } },
      nothingKnown,
    ],
  ])("drops what is %s", async (_what, changes, facts) => {
    expect(await wanted(changes, facts)).toEqual([]);
  });
});
