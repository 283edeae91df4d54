import type { IpAddress } from "../domain/ip-address.ts";
import type { Candidate } from "../domain/look-up.ts";
import { type Loop, startLoop } from "../loop.ts";
import type { AddressFacts } from "../ports.ts";
import type { Plan, PipelineDeps } from "./deps.ts";
import { freshFindings, isSettled, readFacts } from "./known-facts.ts";

/** One loop per provider: asks about what waits for it. @param onAnswered sightings may have become due */
export function startLookingUp(deps: PipelineDeps, onAnswered: () => void): Loop {
  const loops = deps.providers.map((provider) =>
    startLoop(
      `look up ${provider}`,
      async (signal) => {
        const pauseMs = await deps.enrich.workQueue(provider, {
          wanted: (candidates) => stillWanted(deps, provider, candidates),
          signal,
        });
        onAnswered();
        return pauseMs;
      },
      deps.log,
    ),
  );
  return {
    wake: () => {
      for (const loop of loops) {
        loop.wake();
      }
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** Not those that are protected, blocked or let out by now, about which enough is known, or for which nobody waits any more. */
async function stillWanted(
  deps: PipelineDeps,
  provider: string,
  candidates: readonly Candidate[],
): Promise<ReadonlySet<IpAddress>> {
  const now = deps.now();
  const awaited = await deps.store.awaited(
    candidates.map(({ ip }) => ip),
    now,
  );
  const asked = candidates
    .filter(({ ip }) => awaited.has(ip) && deps.protectedReason(ip) === null)
    .flatMap(({ ip, searches }) =>
      searches.map((search) => ({
        ip,
        // What waits does not say what its alert asks for. At the worst a provider is asked for what is on record as blocked only.
        plan: deps.planOf({ searchName: search === "" ? null : search, askedMode: null }),
      })),
    );
  const factsOf = await readFacts(deps, asked, now);
  return new Set(
    asked
      .filter(({ ip, plan }) => isOpen(deps, provider, { ip, plan, facts: factsOf(ip, plan), now }))
      .map(({ ip }) => ip),
  );
}

interface Doubt {
  readonly ip: IpAddress;
  readonly plan: Plan;
  readonly facts: AddressFacts;
  readonly now: Date;
}

function isOpen(deps: PipelineDeps, provider: string, { ip, plan, facts, now }: Doubt): boolean {
  if (isSettled(facts)) {
    return false;
  }
  const findings = freshFindings(facts.findings, deps.enrich.local(ip), now);
  // It had been seen often enough when it was parked; how long it has waited makes no difference.
  const activity = deps.windows.map((seconds) => ({ seconds, events: Number.MAX_SAFE_INTEGER }));
  return deps.openProviders({ ip, policy: plan.policy, findings, activity, now }).open.includes(provider);
}
