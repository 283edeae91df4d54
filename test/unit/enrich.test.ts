import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import {
  attacker,
  createEnrichDesk,
  evidence,
  failing,
  knowing,
  never,
  other,
  provider,
  silent,
} from "../fakes/enrich-desk.ts";
import { after, t0 } from "../fakes/samples.ts";

describe("findings", () => {
  test("come from every provider, in their order", async () => {
    const { enrich } = createEnrichDesk([
      knowing("first"),
      provider("second", async () => undefined),
      failing("third", "PROVIDER_REJECTED", false),
    ]);

    const about = { ip: attacker, foundAt: t0 };
    await expect(enrich(attacker, never)).resolves.toEqual({
      findings: [
        { ...about, provider: "first", status: "known", evidence, expiresAt: after(43_200) },
        {
          ...about,
          provider: "second",
          status: "unknown",
          reason: "no data about it",
          expiresAt: after(3600),
        },
        { ...about, provider: "third", status: "failed", reason: "third said no" },
      ],
      retryAfterMs: null,
    });
  });

  test("are none without a provider, and the store is not asked", async () => {
    const { enrich } = createEnrichDesk([], {
      store: {
        findingsOf: () => Promise.reject(new Error("asked")),
        saveFinding: () => Promise.reject(new Error("asked")),
      },
    });

    await expect(enrich(attacker, never)).resolves.toEqual({ findings: [], retryAfterMs: null });
  });

  test("are kept when known or unknown, not when failed", async () => {
    const { enrich, kept } = createEnrichDesk([
      knowing("first"),
      provider("second", async () => undefined),
      failing("third", "PROVIDER_UNAVAILABLE", true),
    ]);

    await enrich(attacker, never);

    expect([...kept.keys()]).toEqual(["first 203.0.113.45", "second 203.0.113.45"]);
  });
});

describe("a kept finding", () => {
  test("is used until it expires, to the second", async () => {
    const asked = knowing("first");
    const { enrich, clock } = createEnrichDesk([asked]);
    await enrich(attacker, never);

    clock.now = after(43_199);
    await expect(enrich(attacker, never)).resolves.toMatchObject({ findings: [{ foundAt: t0 }] });
    expect(asked.asked).toHaveLength(1);

    clock.now = after(43_200);
    await expect(enrich(attacker, never)).resolves.toMatchObject({ findings: [{ foundAt: clock.now }] });
    expect(asked.asked).toHaveLength(2);
  });

  test("that says `unknown` expires sooner", async () => {
    const asked = provider("first", async () => undefined);
    const { enrich, clock } = createEnrichDesk([asked], { unknownSeconds: 60 });
    await enrich(attacker, never);

    clock.now = after(59);
    await enrich(attacker, never);
    clock.now = after(60);
    await enrich(attacker, never);

    expect(asked.asked).toHaveLength(2);
  });

  test("of one provider or address says nothing for another", async () => {
    const first = knowing("first");
    const second = failing("second", "PROVIDER_UNAVAILABLE", true);
    const { enrich } = createEnrichDesk([first, second]);

    await enrich(attacker, never);
    await enrich(attacker, never);
    await enrich(other, never);

    expect(first.asked).toEqual([attacker, other]);
    expect(second.asked).toEqual([attacker, attacker, other]);
  });
});

describe("simultaneous calls", () => {
  test("about one address cause one look-up", async () => {
    const asked = knowing("first");
    const { enrich } = createEnrichDesk([asked]);

    const all = await Promise.all(Array.from({ length: 50 }, () => enrich(attacker, never)));

    expect(asked.asked).toEqual([attacker]);
    expect(new Set(all).size).toBe(1);
  });

  test("about different addresses do not wait for each other", async () => {
    const stuck = provider("first", (address) =>
      address === attacker ? new Promise(() => undefined) : Promise.resolve(evidence),
    );
    const { enrich } = createEnrichDesk([stuck]);

    void enrich(attacker, never);

    await expect(enrich(other, never)).resolves.toMatchObject({ findings: [{ status: "known" }] });
  });

  test("go on when one caller leaves, and stop when the last one has left", async () => {
    const { enrich } = createEnrichDesk([silent("first")]);
    const [one, two] = [new AbortController(), new AbortController()];
    const first = enrich(attacker, one.signal);
    const second = enrich(attacker, two.signal);
    let settled = false;
    void second.then(() => {
      settled = true;
    });

    one.abort();
    await new Promise(setImmediate);
    expect(settled).toBe(false);

    two.abort();
    await expect(Promise.all([first, second])).resolves.toMatchObject([
      { findings: [{ status: "failed", provider: "first" }] },
      { findings: [{ status: "failed", provider: "first" }] },
    ]);
  });

  test("a call after everybody left asks anew", async () => {
    const asked = silent("first");
    const { enrich } = createEnrichDesk([asked], { timeoutMs: 20 });

    await enrich(attacker, AbortSignal.abort());
    await enrich(attacker, never);

    expect(asked.asked).toHaveLength(2);
  });
});

test.each(["findingsOf", "saveFinding"] as const)("rejects when the store fails in %s", async (broken) => {
  const unavailable = new AppError("STORE_UNAVAILABLE", "disk full", { retryable: true });
  const { enrich } = createEnrichDesk([knowing("first")], {
    store: {
      findingsOf: async () => [],
      saveFinding: async () => undefined,
      [broken]: () => Promise.reject(unavailable),
    },
  });

  await expect(enrich(attacker, never)).rejects.toBe(unavailable);
});
