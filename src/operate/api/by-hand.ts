import { randomBytes } from "node:crypto";
import type { Alert, Sighting } from "../../domain/alert.ts";
import { lengthOf, networkOf, type IpPrefix, familyOf } from "../../domain/ip-address.ts";
import type { DecisionRecord } from "../../ports.ts";
import type { ApiDeps } from "./deps.ts";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./route.ts";

/** How long a message about a block waits for the firewalls, so that it can say what they did. */
const firewallPatienceMs = 15_000;

/** What a person wants dropped. */
export interface WantedBlock {
  readonly prefix: IpPrefix;
  readonly reason: string;
  /** Infinity: without end. */
  readonly seconds: number;
  /** Null: all. */
  readonly groups: readonly string[] | null;
}

/** The alert that stands for what a person asked at this moment. Its id sorts by time, as those of searches do. */
export function alertByHand(now: Date): Alert {
  const second = Math.floor(now.getTime() / 1000)
    .toString(16)
    .padStart(8, "0");
  return {
    id: `al_${second}${randomBytes(12).toString("hex")}`,
    source: "api",
    sid: null,
    searchName: null,
    app: null,
    owner: null,
    resultsLink: null,
    rows: [],
    receivedAt: now,
  };
}

/** What the store commits for one network that a person blocks. */
export function entryByHand(
  deps: Pick<ApiDeps, "manualDecision" | "targetOf" | "mode" | "policyVersion">,
  { prefix, reason, seconds, groups }: WantedBlock,
  about: {
    readonly alertId: string;
    readonly actor: string;
    readonly now: Date;
    /** Channels that are told. */
    readonly channels: readonly string[];
  },
): { readonly sighting: Sighting; readonly record: DecisionRecord } {
  const ip = networkOf(prefix);
  const { alertId, actor, now, channels } = about;
  const { mode, policyVersion } = deps;
  const target = deps.targetOf(groups);
  return {
    sighting: { ip, count: 1, fields: ["network"], severity: null },
    record: {
      sightingId: "",
      decision: deps.manualDecision({ alertId, ip, actor, reason, seconds, mode, now, policyVersion }),
      prefix,
      groups: target.groups,
      firewalls: mode === "observe" ? [] : target.firewalls,
      notifications: tell(channels, now),
      holdSeconds: 0,
      limits: null,
      answers: null,
    },
  };
}

/** One message per channel, when the firewalls have had time. */
export function tell(channels: readonly string[], now: Date): DecisionRecord["notifications"] {
  return channels.map((channel) => ({ channel, dueAt: new Date(now.getTime() + firewallPatienceMs) }));
}

/** Whether a person may block while new blocks are paused: an administrator who says `force`. */
export async function refuseWhilePaused(
  { store }: Pick<ApiDeps, "store">,
  caller: Caller,
  force: boolean,
): Promise<Refusal | null> {
  const { paused } = await store.controls();
  if (paused === null) {
    return null;
  }
  if (!force) {
    return {
      problem: "CONFLICT",
      detail: `New blocks are paused since ${paused.since.toISOString()} by ${paused.actor}: ${paused.reason}. Resume first; an administrator may say "force": true.`,
    };
  }
  return caller.role === "administrator"
    ? null
    : { problem: "FORBIDDEN", detail: "While new blocks are paused, only an administrator may force one." };
}

const shortestLength = { 4: 24, 6: 48 } as const;

/** True for what only an administrator may ask for. */
export function isWide(prefix: IpPrefix): boolean {
  return lengthOf(prefix) < shortestLength[familyOf(prefix)];
}

/** How long a block is to stand, in seconds, infinity without end; what is wrong, as a sentence without its full stop. */
export function secondsWanted(
  {
    duration,
    until,
  }: { readonly duration?: number | undefined; readonly until?: Date | "permanent" | undefined },
  now: Date,
): number | string {
  if ((duration === undefined) === (until === undefined)) {
    return "say either duration or until";
  }
  if (until === "permanent") {
    return Number.POSITIVE_INFINITY;
  }
  const seconds = until === undefined ? (duration ?? 0) : Math.ceil((until.getTime() - now.getTime()) / 1000);
  return seconds >= 1 ? seconds : "until: is over already";
}

/** Groups that no firewall is in, in words; null when there are none. */
export function unknownGroups(
  { groups: known }: Pick<ApiDeps, "groups">,
  groups: readonly string[] | null,
): string | null {
  const unknown = groups?.filter((group) => !known.includes(group)) ?? [];
  return unknown.length === 0
    ? null
    : `no firewall is in the group ${unknown.map((one) => `"${one}"`).join(" or ")}`;
}
