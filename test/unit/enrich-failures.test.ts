import { describe, expect, test } from "vitest";
import type { IntelProvider } from "../../src/ports.ts";
import {
  attacker,
  createEnrichDesk,
  failing,
  knowing,
  never,
  other,
  provider,
  silent,
} from "../fakes/enrich-desk.ts";
import { after, ip } from "../fakes/samples.ts";

describe("a provider that fails", () => {
  test("late is a failed finding, also when it does not heed its signal", async () => {
    const deaf = provider("deaf", () => new Promise(() => undefined));
    const { enrich } = createEnrichDesk([silent("slow"), deaf, knowing("quick")], { timeoutMs: 20 });

    const { findings, retryAfterMs } = await enrich(attacker, never);

    expect(findings.map(({ status }) => status)).toEqual(["failed", "failed", "known"]);
    expect(retryAfterMs).toBeGreaterThan(0);
  });

  test.each([
    [[failing("a", "PROVIDER_UNAVAILABLE", true)], 5000],
    [[failing("a", "PROVIDER_QUOTA_EXHAUSTED", true, 60_000)], 60_000],
    [
      [failing("a", "PROVIDER_QUOTA_EXHAUSTED", true, 60_000), failing("b", "PROVIDER_UNAVAILABLE", true)],
      5000,
    ],
    [[failing("a", "PROVIDER_REFUSED_KEY", false), failing("b", "PROVIDER_REJECTED", false)], null],
    [[failing("a", "PROVIDER_ANSWER_INVALID", false), knowing("b")], null],
    [[provider("a", () => Promise.reject(new TypeError("bug")))], null],
  ] as const)("%#: says what waiting is worth", async (providers, retryAfterMs) => {
    await expect(createEnrichDesk(providers).enrich(attacker, never)).resolves.toMatchObject({
      retryAfterMs,
    });
  });

  test("by throwing at once is a failed finding", async () => {
    const broken: IntelProvider = {
      name: "broken",
      numbers: [],
      lookUp: () => {
        throw new TypeError("bug");
      },
    };
    const { enrich, lines } = createEnrichDesk([broken]);

    await expect(enrich(attacker, never)).resolves.toMatchObject({ findings: [{ status: "failed" }] });
    expect(lines).toMatchObject([{ level: "error" }]);
  });

  test("for its key is logged once, not for each address, and is left alone for five minutes", async () => {
    const refusing = failing("first", "PROVIDER_REFUSED_KEY", false);
    const { enrich, lines, clock } = createEnrichDesk([refusing]);

    await Promise.all([enrich(attacker, never), enrich(other, never)]);
    await enrich(ip("203.0.113.47"), never);

    expect(lines).toMatchObject([{ level: "error", fields: { provider: "first" } }]);
    expect(refusing.asked).toHaveLength(2);

    clock.now = after(300);
    await enrich(attacker, never);
    expect(refusing.asked).toHaveLength(3);
  });

  test("for its quota is left alone until it said, and says how long that is", async () => {
    const exhausted = failing("first", "PROVIDER_QUOTA_EXHAUSTED", true, 60_000);
    const { enrich, lines, clock } = createEnrichDesk([exhausted]);
    await enrich(attacker, never);

    clock.now = after(45);
    await expect(enrich(other, never)).resolves.toMatchObject({
      findings: [{ status: "failed", reason: "first said no" }],
      retryAfterMs: 15_000,
    });
    expect(exhausted.asked).toHaveLength(1);

    clock.now = after(60);
    await enrich(other, never);
    expect(exhausted.asked).toHaveLength(2);
    expect(lines.map(({ level }) => level)).toEqual(["warn", "warn"]);
  });
});
