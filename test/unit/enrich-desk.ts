import { onTestFinished } from "vitest";
import type { ProviderConfig } from "../../src/config/config.ts";
import type { Evidence } from "../../src/domain/finding.ts";
import type { IntelProvider } from "../../src/ports.ts";
import { type Answer, type StandIn, startStandIn } from "../fakes/intel-stand-in.ts";
import { ip } from "../fakes/samples.ts";

export const apiKey = "key-that-must-never-be-seen-0123456789";
export const attacker = ip("203.0.113.45");

/** Settings of a provider, with the budget of its plan. */
export function settings(url: string, quota: ProviderConfig["quota"] = {}): ProviderConfig {
  return { apiKey, url, quota };
}

/** What the provider says about the attacker. */
export async function lookUp(provider: IntelProvider): Promise<Evidence | undefined> {
  return (await provider.lookUp(attacker, AbortSignal.timeout(10_000))).value;
}

/** Stops it when the test is over. */
export async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const service = await starting;
  onTestFinished(() => service.stop());
  return service;
}

/** A service that gives every question the same answer. */
export function startAnswering(answer: Answer): Promise<StandIn> {
  const failures = { "wrong-key": answer, "quota-with-retry-after": answer, rejected: answer };
  return kept(
    startStandIn({
      basePath: "",
      answer: () => answer,
      failures: { ...failures, quota: answer, transient: answer },
      otherAddress: answer,
      hugeBytes: 0,
    }),
  );
}
