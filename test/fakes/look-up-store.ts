import type { Finding } from "../../src/domain/finding.ts";
import { type IpAddress, prefixContains } from "../../src/domain/ip-address.ts";
import { type Candidate, priorityOf } from "../../src/domain/look-up.ts";
import type { AddressFacts, Budget, LookUpRecords, WaitingLookUp } from "../../src/ports.ts";

type Part = Omit<LookUpRecords, "parkSighting" | "prefixLists" | "savePrefixList" | "confirmPrefixList">;

interface Row extends WaitingLookUp {
  dueAt: Date;
  leaseUntil: Date | null;
}

export interface LookUpStore extends Part {
  /** By provider and address, joined by a space. */
  readonly kept: Map<string, Finding>;
  /** By budget key, as text: what is kept was through JSON. */
  readonly budgetTexts: Map<string, string>;
  /** Puts an address into a provider's queue. */
  queue(provider: string, candidate: Candidate, since: Date): void;
  /** What waits, with when it is due and until when it is claimed. */
  waiting(provider: string): readonly Row[];
  /** How often budgets were written. */
  readonly commits: () => number;
  /** From now on this fails, as on a full disk; null: nothing does. */
  fail(method: keyof Part | null, error?: Error): void;
}

/** A small store in memory. Each call takes a turn of the event loop, as a real one does. */
export function createLookUpStore(): LookUpStore {
  const kept = new Map<string, Finding>();
  const budgetTexts = new Map<string, string>();
  const rows = new Map<string, Map<IpAddress, Row>>();
  let commits = 0;
  let broken: { readonly method: keyof Part; readonly error: Error } | null = null;

  const queueOf = (provider: string): Map<IpAddress, Row> => {
    const queue = rows.get(provider) ?? new Map<IpAddress, Row>();
    rows.set(provider, queue);
    return queue;
  };
  const turn = async (method: keyof Part): Promise<void> => {
    await new Promise(setImmediate);
    if (broken?.method === method) {
      throw broken.error;
    }
  };
  const nothing: Omit<AddressFacts, "findings"> = {
    standing: { block: null, heldUntil: null, graceUntil: null },
    activity: [],
    offences: [],
  };

  return {
    kept,
    budgetTexts,
    commits: () => commits,
    fail(method, error = new Error("broken")) {
      broken = method === null ? null : { method, error };
    },
    queue(provider, candidate, since) {
      const row = { ip: candidate.ip, candidate, priority: priorityOf(candidate), since };
      queueOf(provider).set(candidate.ip, { ...row, dueAt: since, leaseUntil: null });
    },
    waiting: (provider) => [...queueOf(provider).values()],
    async factsOf(ips) {
      await turn("factsOf");
      const findingsOf = (ip: IpAddress) => [...kept.values()].filter((finding) => finding.ip === ip);
      return new Map(ips.map((ip) => [ip, { ...nothing, findings: findingsOf(ip) }]));
    },
    async claimLookUps(provider, { limit, now, leaseMs }) {
      await turn("claimLookUps");
      const due = [...queueOf(provider).values()]
        .filter(({ dueAt, leaseUntil }) => dueAt <= now && (leaseUntil === null || leaseUntil <= now))
        .sort((a, b) => b.priority - a.priority || a.since.getTime() - b.since.getTime())
        .slice(0, limit);
      for (const row of due) {
        row.leaseUntil = new Date(now.getTime() + leaseMs);
      }
      return due;
    },
    async lookUpsIn(provider, network) {
      await turn("lookUpsIn");
      return [...queueOf(provider).keys()].filter((ip) => prefixContains(network, ip));
    },
    async postponeLookUps(provider, ips, dueAt) {
      await turn("postponeLookUps");
      for (const ip of ips) {
        const row = queueOf(provider).get(ip);
        if (row !== undefined) {
          row.dueAt = dueAt;
          row.leaseUntil = null;
        }
      }
    },
    async finishLookUps({ provider, findings, dropped }) {
      await turn("finishLookUps");
      for (const finding of findings) {
        kept.set(`${finding.provider} ${finding.ip}`, finding);
      }
      for (const ip of [...findings.map(({ ip }) => ip), ...dropped]) {
        queueOf(provider).delete(ip);
      }
    },
    async hastenLookUps(provider, now) {
      await turn("hastenLookUps");
      for (const row of queueOf(provider).values()) {
        row.dueAt = row.dueAt > now ? now : row.dueAt;
      }
    },
    async awaited(ips) {
      await turn("awaited");
      return new Set(ips);
    },
    hastenParked: () => turn("hastenParked"),
    async lookUpBacklogs() {
      await turn("lookUpBacklogs");
      return [...rows].flatMap(([provider, queue]) => {
        const oldest = Math.min(...[...queue.values()].map(({ since }) => since.getTime()));
        return queue.size === 0 ? [] : [{ provider, waiting: queue.size, oldestAt: new Date(oldest) }];
      });
    },
    async updateBudget(key, change) {
      await turn("updateBudget");
      commits += 1;
      const text = budgetTexts.get(key);
      const { budget, result } = change(text === undefined ? null : readBudget(text));
      budgetTexts.set(key, JSON.stringify(budget));
      return result;
    },
    async budgets() {
      await turn("budgets");
      return new Map([...budgetTexts].map(([key, text]) => [key, readBudget(text)]));
    },
  };
}

const dateKeys = new Set(["notBefore", "startedAt", "resetsAt", "recent", "until"]);

function readBudget(text: string): Budget {
  const date = (value: unknown): unknown => (typeof value === "string" ? new Date(value) : value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written is read
  return JSON.parse(text, (key, value: unknown) =>
    dateKeys.has(key) ? (Array.isArray(value) ? value.map(date) : date(value)) : value,
  ) as Budget;
}
