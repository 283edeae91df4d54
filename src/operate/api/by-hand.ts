import { randomBytes } from "node:crypto";
import type { Alert, Sighting } from "../../domain/alert.ts";
import { forever } from "../../domain/block.ts";
import { type IpPrefix, networkOf } from "../../domain/ip-address.ts";
import type { DecisionRecord } from "../../ports.ts";
import { fieldsByHand } from "../by-hand-sighting.ts";
import type { ApiDeps } from "./deps.ts";
import type { Caller } from "./caller.ts";
import type { Refusal } from "./route.ts";

/** How long a message about a block waits for the firewalls, so that it can say what they did. */
const firewallPatienceMs = 15_000;

/** For how many seconds from now on, infinity: without end; or until when, to the millisecond. */
export type WantedEnd = { readonly seconds: number } | { readonly until: Date };

/** What a person wants dropped. */
export interface WantedBlock {
  readonly prefix: IpPrefix;
  readonly reason: string;
  readonly end: WantedEnd;
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
    extras: null,
    settings: null,
    receivedAt: now,
  };
}

/** What the store commits for one network that a person blocks. */
export function entryByHand(
  deps: Pick<ApiDeps, "manualDecision" | "targetOf" | "mode" | "policyVersion">,
  { prefix, reason, end, groups }: WantedBlock,
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
  const seconds = "until" in end ? Number.POSITIVE_INFINITY : end.seconds;
  const decision = deps.manualDecision({ alertId, ip, actor, reason, seconds, mode, now, policyVersion });
  return {
    sighting: { ip, count: 1, fields: fieldsByHand, severity: null },
    record: {
      sightingId: "",
      // As it was said: counted in seconds it would become another one, and the same wish once more an extension.
      decision: "until" in end ? { ...decision, expiresAt: end.until } : decision,
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

/** How long a block is to stand; what is wrong, as a sentence without its full stop. */
export function endWanted(
  {
    duration,
    until,
  }: { readonly duration?: number | undefined; readonly until?: Date | "permanent" | undefined },
  now: Date,
): WantedEnd | string {
  if ((duration === undefined) === (until === undefined)) {
    return "say either duration or until";
  }
  if (until === undefined || until === "permanent") {
    return { seconds: duration ?? Number.POSITIVE_INFINITY };
  }
  return until.getTime() < forever.getTime() ? endAt(until, now) : { seconds: Number.POSITIVE_INFINITY };
}

function endAt(until: Date, now: Date): WantedEnd | string {
  return until > now ? { until } : "until: is over already";
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
