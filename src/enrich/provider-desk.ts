import { type Finding, isExpired, isFinalFailure, triesOf } from "../domain/finding.ts";
import type { IpAddress } from "../domain/ip-address.ts";
import type { LookUpRecords } from "../ports.ts";
import { unlessAborted } from "./ask-provider.ts";
import type { FindingMaker } from "./make-finding.ts";
import { type CallDeps, makeCall } from "./make-call.ts";
import type { NetworkLookUps } from "./network-look-ups.ts";
import type { Refusal } from "./quota/budget.ts";
import type { Wish } from "./quota/gear.ts";
import { createSingleFlight } from "./single-flight.ts";

/** What asking one provider about one address gave. A finding is saved; one that is `kept` was there already. */
export type LookedUp = { readonly finding: Finding; readonly isKept: boolean } | { readonly waits: Refusal };

/** Everything that asks one provider goes through here. */
export interface ProviderDesk {
  /**
   * Asks about the address if that is allowed now. The same address is asked for once at a time, whoever wants it. When the signal aborts,
   * the answer is not waited for, but what was paid is kept.
   * @throws {AppError} STORE_UNAVAILABLE (retryable)
   */
  readonly lookUp: (ip: IpAddress, wish: Wish, signal: AbortSignal) => Promise<LookedUp>;
  /** How many more look-ups may be begun now. */
  readonly free: () => number;
  /** Some wait in the queue, or none: who comes now must not go before those that are more urgent. */
  readonly noteQueue: (waits: boolean) => void;
  /** Resolves when nothing is under way. Never rejects. */
  readonly settle: () => Promise<void>;
}

export interface DeskDeps {
  readonly call: CallDeps;
  /** Null where the provider has none. */
  readonly network: NetworkLookUps | null;
  readonly store: Pick<LookUpRecords, "factsOf" | "finishLookUps">;
  readonly findings: FindingMaker;
  readonly save: (findings: readonly Finding[]) => Promise<void>;
}

/** Look-ups of one provider under way at a time. */
const mostUnderWay = 8;

/** Nobody has looked after the queue for so long: what was known of it says nothing any more. */
const queueMemoryMs = 30_000;

export function createProviderDesk(deps: DeskDeps): ProviderDesk {
  const { call } = deps;
  const flights = createSingleFlight<IpAddress, LookedUp>();
  const unsaved = new Map<IpAddress, Finding>();
  let underWay = 0;
  let queuedAt: Date | null = null;

  const isQueued = (): boolean => {
    const ageMs = queuedAt === null ? -1 : call.now().getTime() - queuedAt.getTime();
    return ageMs >= 0 && ageMs < queueMemoryMs;
  };
  const noteQueue = (waits: boolean): void => {
    queuedAt = waits ? call.now() : null;
  };

  const refusalAlone = (wish: Wish): Refusal | null =>
    wish === null && isQueued()
      ? { reason: "addresses that came before wait", kind: "busy", notBefore: null }
      : call.governor.refusalOf(wish);
  const refusalOf = (ip: IpAddress, wish: Wish): Refusal | null => {
    if (underWay >= mostUnderWay) {
      return { reason: `${mostUnderWay} others are being asked about`, kind: "busy", notBefore: null };
    }
    return unsaved.has(ip) || deps.network?.mayFind(ip, wish) === true ? null : refusalAlone(wish);
  };

  const lookUpNow = async (ip: IpAddress, wish: Wish): Promise<LookedUp> => {
    const refusal = refusalOf(ip, wish);
    if (refusal !== null) {
      return { waits: refusal };
    }
    underWay += 1;
    return find({ ...deps, unsaved, refusalAlone }, ip, wish).finally(() => {
      underWay -= 1;
    });
  };

  return {
    async lookUp(ip, wish, signal) {
      deps.network?.note(ip);
      const stopped: LookedUp = {
        waits: { reason: "Portcullis is stopping", kind: "busy", notBefore: null },
      };
      if (signal.aborted) {
        return stopped;
      }
      const flight = flights.join(ip, () => lookUpNow(ip, wish));
      const lookedUp = await unlessAborted(flight, signal, () => stopped);
      if ("waits" in lookedUp && lookedUp.waits.isOwn !== true) {
        noteQueue(true);
      }
      return lookedUp;
    },
    free: () => mostUnderWay - underWay,
    noteQueue,
    async settle() {
      await flights.settle();
      await deps.network?.settle();
    },
  };
}

interface FindDeps extends DeskDeps {
  /** What was paid for and could not be saved. */
  readonly unsaved: Map<IpAddress, Finding>;
  /** Why the address alone may not be asked about now. */
  readonly refusalAlone: (wish: Wish) => Refusal | null;
}

/** The cheapest that does: what could not be saved last time, what somebody else has found, the whole network, the address alone. */
async function find(deps: FindDeps, ip: IpAddress, wish: Wish): Promise<LookedUp> {
  const { unsaved, refusalAlone } = deps;
  const paid = unsaved.get(ip);
  if (paid !== undefined) {
    await deps.save([paid]);
    unsaved.delete(ip);
    return lookedUpOf(paid, false, deps.call.now());
  }
  const newest = await newestFinding(deps, ip);
  const kept = newest === undefined || isExpired(newest, deps.call.now()) ? undefined : newest;
  if (kept === undefined) {
    const finding = await deps.network?.find(ip, wish);
    return finding === undefined || finding === null
      ? findAlone(deps, ip, wish, triesOf(newest))
      : { finding, isKept: false };
  }
  if (!isPartial(kept)) {
    return lookedUpOf(kept, true, deps.call.now());
  }
  // Who asks although the answer about the whole network is there needs more than that.
  const refusal = refusalAlone(wish);
  return refusal === null ? findAlone(deps, ip, wish, 0) : { waits: refusal };
}

async function newestFinding(deps: DeskDeps, ip: IpAddress): Promise<Finding | undefined> {
  const { provider, now } = deps.call;
  const facts = await deps.store.factsOf([ip], { mode: "observe", now: now(), windows: [] });
  return facts.get(ip)?.findings.find((finding) => finding.provider === provider.name);
}

function isPartial(finding: Finding): boolean {
  return finding.status === "known" && finding.evidence.isPartial === true;
}

/** A failure is no answer until it has happened so often that it stands: the address is asked about again when it expires. */
function lookedUpOf(finding: Finding, isKept: boolean, now: Date): LookedUp {
  return finding.status !== "failed" || isFinalFailure(finding, now)
    ? { finding, isKept }
    : {
        waits: { reason: finding.reason, kind: "unavailable", notBefore: finding.expiresAt, isOwn: true },
      };
}

async function findAlone(
  { call, findings, save, unsaved }: FindDeps,
  ip: IpAddress,
  wish: Wish,
  triesBefore: number,
): Promise<LookedUp> {
  let finding: Finding | undefined;
  const called = await makeCall(call, {
    about: ip,
    wish,
    make: (signal) => call.provider.lookUp(ip, signal),
    isKnown: (evidence) => evidence !== undefined,
    keep: async (called) => {
      finding =
        "value" in called
          ? findings.answered(ip, called.value)
          : findings.failed(ip, called.failed, triesBefore + 1);
      unsaved.set(ip, finding);
      await save([finding]);
      unsaved.delete(ip);
    },
  });
  if ("waits" in called) {
    return called;
  }
  if (finding === undefined) {
    throw new Error(`nothing was kept of what ${call.provider.name} said about ${ip}`);
  }
  return lookedUpOf(finding, false, call.now());
}
