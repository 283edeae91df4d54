import { type Block, forever } from "../../src/domain/block.ts";
import { networkOf, prefixesOverlap } from "../../src/domain/ip-address.ts";
import { longestSeconds } from "../../src/enforce/plan.ts";
import type { Store } from "../../src/ports.ts";
import { prefix, recordOf, sampleAlert, sampleDecision } from "../fakes/samples.ts";

/** On record as blocks, and never to be dropped: the gateway and the host's own network, and what is on the allow-list. */
export const forbidden = ["203.0.113.254/32", "203.0.113.0/24", "203.0.113.12/32", "2001:db8:0:1::11/128"];

/** The simplest idea of what should stand, kept beside the store through which it is asked for. */
export interface BlockModel {
  /** Records a decision to block for so long; infinity: for ever. */
  add(network: string, seconds: number, groups: Block["groups"]): Promise<void>;
  lift(network: string): Promise<void>;
  stands(network: string): boolean;
  /** Seconds that are left, by network, of all that may be dropped. */
  desired(): ReadonlyMap<string, number>;
  /** The state on the firewall of each block that stands, by network, as the store says. */
  states(): Promise<Readonly<Record<string, string | undefined>>>;
}

export function createBlockModel(store: Store, now: () => Date): BlockModel {
  const ends = new Map<string, { readonly decisionId: string; readonly endMs: number }>();
  let count = 0;
  const stands = (network: string): boolean => (ends.get(network)?.endMs ?? 0) > now().getTime();
  return {
    stands,
    async add(network, seconds, groups) {
      count += 1;
      const [decidedAt, alertId, id] = [now(), `al_${count}`, `de_${count}`];
      const expiresAt = Number.isFinite(seconds) ? new Date(decidedAt.getTime() + seconds * 1000) : forever;
      const ip = networkOf(prefix(network));
      await store.insertAlerts([sampleAlert(alertId)]);
      await store.recordSightings(alertId, [{ ip, count: 1, fields: [], severity: null }], decidedAt);
      const decision = sampleDecision(id, { alertId, ip, decidedAt, expiresAt });
      const rest = { prefix: prefix(network), groups, firewalls: ["edge-1"], notifications: [] };
      const decided = await store.recordDecision(recordOf(decision, rest));
      if (decided.action !== "block") {
        throw new Error(`${network} was not blocked: ${decided.reasons.join()}`);
      }
      // A block that is for more firewalls takes the place of an older one, and ends with the later of both.
      const endMs = Math.max(expiresAt.getTime(), ends.get(network)?.endMs ?? 0);
      ends.set(network, { decisionId: id, endMs });
    },
    async lift(network) {
      const lift = { actor: "admin", reason: "a test", now: now(), graceUntil: now() };
      await store.liftBlocks(prefix(network), lift);
      for (const other of ends.keys()) {
        if (prefixesOverlap(prefix(other), prefix(network))) {
          ends.delete(other);
        }
      }
    },
    desired() {
      const seconds = (endMs: number): number =>
        endMs === forever.getTime()
          ? Number.POSITIVE_INFINITY
          : Math.min((endMs - now().getTime()) / 1000, longestSeconds);
      return new Map(
        [...ends]
          .filter(([network]) => stands(network) && !forbidden.includes(network))
          .map(([network, { endMs }]) => [network, seconds(endMs)]),
      );
    },
    async states() {
      const states: Record<string, string | undefined> = {};
      for (const [network, { decisionId }] of ends) {
        if (stands(network)) {
          states[network] = (await store.story(decisionId)).enforcements[0]?.state;
        }
      }
      return states;
    },
  };
}
