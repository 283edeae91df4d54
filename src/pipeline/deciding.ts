import { messageOf } from "../domain/errors.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import { type Loop, startLoop } from "../loop.ts";
import type { AddressFacts, WaitingSighting } from "../ports.ts";
import { type Case, decideSighting } from "./decide-sighting.ts";
import type { PipelineDeps } from "./deps.ts";
import { readFacts } from "./known-facts.ts";
import { createCrowdLimit, leaseMs, pollMs, retryMs } from "./pace.ts";

/** So many are decided at a time: facts and commits are shared, and one slow look-up does not hold up the others. */
const sightingsAtOnce = 256;
/** 5 s, 10 s, … 15 min apart, this is more than a day. */
const mostAttempts = 100;
/** Older than this, a sighting has waited for a provider. */
const lateMs = 10_000;

/** Decides what waits. @param onParked there is something to ask providers about */
export function startDeciding(deps: PipelineDeps, onParked: () => void): Loop {
  const running = new Map<string, Promise<void>>();

  const start = (sighting: WaitingSighting, work: Promise<boolean>): void => {
    const task = work
      .then((isParked) => {
        if (isParked) {
          onParked();
        }
      })
      .catch((error: unknown) => giveBack(deps, sighting, error))
      .finally(() => {
        running.delete(sighting.id);
        loop.wake();
      });
    running.set(sighting.id, task);
  };

  const claimFree = async (signal: AbortSignal): Promise<number> => {
    const limit = sightingsAtOnce - running.size;
    if (limit < 1) {
      return pollMs;
    }
    const now = deps.now();
    const claimed = await deps.store.claimSightings({ holder: deps.holder, limit, now, leaseMs });
    // One whose lease ended under way may come again: it is being decided already.
    const fresh = claimed
      .filter(({ id }) => !running.has(id))
      .map((sighting) => ({ sighting, ip: sighting.ip, plan: deps.planOf(sighting) }));
    const factsOf = await factsForAll(deps, fresh, now);
    for (const one of fresh) {
      start(
        one.sighting,
        factsOf(one).then((facts) => decideOne(deps, { ...one, facts }, signal)),
      );
    }
    return claimed.length > 0 && claimed.length === limit ? 0 : pollMs;
  };

  const crowdedPauseMs = createCrowdLimit(deps);
  const loop = startLoop("decide", async (signal) => crowdedPauseMs() || (await claimFree(signal)), deps.log);
  return {
    wake: loop.wake,
    async stop() {
      await loop.stop();
      await Promise.all(running.values());
    },
  };
}

interface Fresh extends Omit<Case, "facts"> {
  readonly sighting: WaitingSighting;
  readonly ip: IpAddress;
}

/** One reading for all; when it fails, one for each, so that only those fail that are to blame. */
async function factsForAll(
  deps: PipelineDeps,
  fresh: readonly Fresh[],
  now: Date,
): Promise<(one: Fresh) => Promise<AddressFacts>> {
  try {
    const factsOf = await readFacts(deps, fresh, now);
    return ({ ip, plan }) => Promise.resolve(factsOf(ip, plan));
  } catch (error) {
    deps.log.warn({ error: messageOf(error) }, "facts could not be read together, will be read one by one");
    return async (one) => (await readFacts(deps, [one], now))(one.ip, one.plan);
  }
}

/** The events that count are those up to when it was seen: what has waited longer than a window would find none in it. */
async function decideOne(deps: PipelineDeps, one: Case, signal: AbortSignal): Promise<boolean> {
  const { sighting, plan, facts } = one;
  const now = deps.now();
  if (deps.windows.length === 0 || now.getTime() - sighting.createdAt.getTime() < lateMs) {
    return decideSighting(deps, one, signal);
  }
  const factsOf = await readFacts(deps, [{ ip: sighting.ip, plan }], now, sighting.createdAt);
  const { activity } = factsOf(sighting.ip, plan);
  return decideSighting(deps, { sighting, plan, facts: { ...facts, activity } }, signal);
}

/** After a failure: waits as a row and is tried again, unless it is a bug that shows every time. Never rejects. */
async function giveBack(
  deps: PipelineDeps,
  { id, attempts }: WaitingSighting,
  error: unknown,
): Promise<void> {
  const reason = messageOf(error);
  deps.log.error({ sightingId: id, attempts, error: reason }, "sighting could not be decided");
  try {
    if (attempts < mostAttempts) {
      await deps.store.postponeSighting(id, new Date(deps.now().getTime() + retryMs(attempts)), reason);
    } else {
      await deps.store.failSighting(id, reason);
    }
  } catch (failure) {
    // Its lease ends and it is taken again.
    deps.log.error({ sightingId: id, error: messageOf(failure) }, "sighting could not be given back");
  }
}
