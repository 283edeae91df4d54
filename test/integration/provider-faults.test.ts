import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { abuseIpdbRetryAfterSeconds } from "../fakes/abuseipdb.ts";
import { stranger } from "../fakes/enrich-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { type Failure, quotaDateSeconds } from "../fakes/intel-stand-in.ts";
import { virusTotalRetryAfterSeconds } from "../fakes/virustotal.ts";
import { attacker, type ProviderDesk, type ProviderName, startProviderDesk } from "./provider-desk.ts";

const names: readonly ProviderName[] = ["virustotal", "abuseipdb"];

/** Default lifetime of a failed finding. */
const keepFailedSeconds = 900;

/** The one stand-in that is asked. */
function asked(desk: ProviderDesk, name: ProviderName) {
  return name === "virustotal" ? desk.virusTotal : desk.abuseIpdb;
}

/** Look-ups that a stand-in has got; the question about the key is none. */
function lookUps(desk: ProviderDesk, name: ProviderName): number {
  return asked(desk, name).requests.filter((path) => !path.includes("overall_quotas")).length;
}

/** Look-ups that failed, as the budget counts them. */
async function failures(desk: ProviderDesk): Promise<number> {
  const budgets = await desk.app().store.budgets();
  return [...budgets.values()].reduce((sum, { totals }) => sum + totals.failed, 0);
}

/** Limits of calls end a tenth as late; nothing else of them changes. */
function impatiently(): void {
  const real = AbortSignal.timeout.bind(AbortSignal);
  const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => real(ms / 10));
  onTestFinished(() => {
    spy.mockRestore();
  });
}

async function expectNothingBlocked({ firewall, counts }: ProviderDesk): Promise<void> {
  expect(firewall.applied).toEqual([]);
  expect((await counts()).decisions["block"]).toBeUndefined();
}

async function expectBlocked({ firewall, decisions }: ProviderDesk, name: ProviderName): Promise<void> {
  await eventually("the block", () => firewall.entries.size === 1);
  const block = (await decisions()).find(({ action }) => action === "block");
  expect(block?.findings).toMatchObject([{ provider: name, status: "known" }]);
  expect(block?.inputs.missing).toEqual([]);
}

const retryAfter = { virustotal: virusTotalRetryAfterSeconds, abuseipdb: abuseIpdbRetryAfterSeconds };

/** How many calls it takes until the provider is left alone, and for how many seconds. */
const passing: readonly (readonly [Failure, number, (name: ProviderName) => number])[] = [
  ["quota", 1, () => 60],
  ["quota-with-retry-after", 1, (name) => retryAfter[name]],
  ["quota-with-date", 1, () => quotaDateSeconds],
  ["quota-as-html", 1, () => 60],
  // Once when it comes, once more from the queue.
  ["transient", 2, () => 5],
  ["cut", 2, () => 5],
  ["silent", 2, () => 5],
  ["slow", 2, () => 5],
];

describe.each(names)("a fault of %s that may pass by itself", (name) => {
  test.each(passing)(
    "%s: the address waits, undecided, and is blocked when it answers",
    async (fault, times, rest) => {
      if (fault === "silent" || fault === "slow") {
        impatiently();
      }
      const desk = await startProviderDesk({ providers: [name] });
      asked(desk, name).failNext(fault, times);

      await desk.app().post(attacker);
      await eventually("a sighting that waits for an answer", async () => {
        return (await failures(desk)) === times && (await desk.waits());
      });

      await expectNothingBlocked(desk);
      expect((await desk.counts()).decisions).toEqual({});
      desk.advance(rest(name) + 1);
      await expectBlocked(desk, name);
      expect(lookUps(desk, name)).toBe(times + 1);
    },
  );
});

const lasting: readonly Failure[] = [
  "html",
  "truncated",
  "endless",
  "huge",
  "wrong-shape",
  "other-address",
  "rejected",
  "redirect",
];

describe.each(names)("an answer of %s that says nothing", (name) => {
  test.each(lasting)("%s: not blocked; it is asked again, and its answer counts", async (fault) => {
    const desk = await startProviderDesk({ providers: [name] });
    asked(desk, name).failNext(fault);

    await desk.app().post(attacker);
    await eventually("the failure", async () => (await failures(desk)) === 1 && (await desk.waits()));

    await expectNothingBlocked(desk);
    expect((await desk.counts()).decisions).toEqual({});
    expect(asked(desk, name).sent.bytes).toBeLessThan(20_000_000);
    desk.advance(keepFailedSeconds + 1);
    await expectBlocked(desk, name);
    expect(lookUps(desk, name)).toBe(2);
  });

  test("three times about the same address: watched, and the decision says who is missing", async () => {
    const desk = await startProviderDesk({ providers: [name] });
    asked(desk, name).failNext("wrong-shape", 3);

    await desk.app().post(attacker);
    for (const times of [1, 2]) {
      await eventually("the failure", async () => (await failures(desk)) === times && (await desk.waits()));
      desk.advance(keepFailedSeconds + 1);
    }
    await eventually("the decision", async () => (await desk.counts()).decisions["watch"] === 1);

    await expectNothingBlocked(desk);
    expect(lookUps(desk, name)).toBe(3);
    expect((await desk.decisions())[0]).toMatchObject({
      findings: [{ provider: name, status: "failed" }],
      inputs: { missing: [name] },
    });
  });
});

describe("a wrong key", () => {
  const many = [attacker, ...Array.from({ length: 19 }, (_, n) => stranger(n))];
  const quota = { minute: 1000, day: 10_000, month: 100_000 };

  test("found at the start: one alarm, no call, and after a restart with the right one all goes on", async () => {
    const desk = await startProviderDesk({ key: "wrong-key", virusTotal: { quota } });
    await eventually("the alarm", () => desk.notifier.alarms[0]);

    await desk.app().post(...many);
    await eventually("all waiting", async () => (await desk.counts()).lookUpsWaiting === many.length);

    await expectNothingBlocked(desk);
    expect(lookUps(desk, "virustotal")).toBe(0);
    expect(desk.notifier.alarms).toHaveLength(1);
    expect(desk.notifier.alarms[0]?.message).not.toContain("wrong-key");
    await desk.restart({ key: "right-key" });
    await expectBlocked(desk, "virustotal");
    await eventually("all decided", async () => (await desk.counts()).sightingsWaiting === 0);
    expect((await desk.counts()).alarmsOpen).toBe(0);
    expect(Math.max(...desk.virusTotal.asked.values())).toBe(1);
  });

  test.each(names)("found while %s is asked: one alarm, calls stop for an hour", async (name) => {
    const desk = await startProviderDesk({ providers: [name], virusTotal: { quota } });
    asked(desk, name).failNext("wrong-key");
    await desk.app().post(attacker);
    await eventually("the alarm", () => desk.notifier.alarms[0]);

    await desk.app().post(...many.slice(1));
    await eventually("all waiting", async () => (await desk.counts()).lookUpsWaiting === many.length);

    expect(lookUps(desk, name)).toBe(1);
    await expectNothingBlocked(desk);
    desk.advance(3601);
    await expectBlocked(desk, name);
    await eventually("all decided", async () => (await desk.counts()).sightingsWaiting === 0);
    expect(desk.notifier.alarms).toHaveLength(1);
    expect((await desk.counts()).alarmsOpen).toBe(0);
  });
});

describe("a provider that can't be reached", () => {
  test("because its certificate is not trusted: the address waits until it is the right one", async () => {
    const tlsFile = (file: string) => readFileSync(join(import.meta.dirname, "../fixtures/tls", file));
    let calls = 0;
    const server = createServer({ cert: tlsFile("localhost.crt"), key: tlsFile("localhost.key") }, () => {
      calls += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
    const { port } = server.address() as AddressInfo;
    const desk = await startProviderDesk({ url: `https://localhost:${port}` });

    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    await expectNothingBlocked(desk);
    expect(calls).toBe(0);
    await desk.restart({ url: null });
    await expectBlocked(desk, "virustotal");
  });

  test("because its name can't be resolved: the address waits until it can", async () => {
    const desk = await startProviderDesk({ url: "https://no-such-host.invalid" });

    await desk.app().post(attacker);
    await eventually("a sighting that waits", desk.waits);

    await expectNothingBlocked(desk);
    expect((await desk.counts()).decisions).toEqual({});
    await desk.restart({ url: null });
    await expectBlocked(desk, "virustotal");
  });
});

describe("attributes that are missing", () => {
  test("the date: what engines say counts all the same", async () => {
    const attributes = { last_analysis_date: undefined };
    const desk = await startProviderDesk({
      virusTotal: { addresses: { [attacker]: { malicious: 9, harmless: 60, attributes } } },
    });

    await desk.app().post(attacker);

    await expectBlocked(desk, "virustotal");
    expect(desk.virusTotal.asked.get(attacker)).toBe(1);
  });

  test.each([
    ["the counts", { last_analysis_stats: undefined, reputation: -50 }],
    ["all of them", null],
  ])("%s: unknown, which neither blocks nor clears", async (_what, attributes) => {
    const desk = await startProviderDesk({
      virusTotal: { addresses: { [attacker]: attributes === null ? {} : { malicious: 9, attributes } } },
    });

    await desk.app().post(attacker);
    await eventually("the decision", async () => (await desk.counts()).decisions["watch"] === 1);

    await expectNothingBlocked(desk);
    expect((await desk.decisions())[0]?.findings).toMatchObject([{ status: "unknown" }]);
  });

  test("the score of AbuseIPDB: not taken for 0, and not for 100", async () => {
    const report = { score: 97, reports: 90, reporters: 30, data: { abuseConfidenceScore: undefined } };
    const desk = await startProviderDesk({
      providers: ["abuseipdb"],
      abuseIpdb: { addresses: { [attacker]: report } },
    });

    await desk.app().post(attacker);
    for (const times of [1, 2]) {
      await eventually("the failure", async () => (await failures(desk)) === times && (await desk.waits()));
      desk.advance(keepFailedSeconds + 1);
    }
    await eventually("the decision", async () => (await desk.counts()).decisions["watch"] === 1);

    await expectNothingBlocked(desk);
    expect((await desk.decisions())[0]?.reasons.join()).not.toContain("score 0");
  });
});
