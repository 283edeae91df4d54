import type { Activity } from "../domain/decision.ts";
import type { Grace } from "../domain/grace.ts";
import { type IpAddress, prefixOf } from "../domain/ip-address.ts";
import type { FactsWanted, Standing, Store } from "../ports.ts";
import { blocksOver } from "./blocks-over.ts";
import { type Engine, isOneOf } from "./engine.ts";
import { findingsAbout } from "./findings.ts";
import { gracesOver } from "./lifts.ts";
import type { ReadRows } from "./read-rows.ts";
import { sumOfCounts } from "./sum-of-counts.ts";

/** All that is known about addresses, by a few queries however many they are. */
export function createFactReads(engine: Engine, readRows: ReadRows): Pick<Store, "factsOf"> {
  return {
    async factsOf(ips, wanted) {
      if (ips.length === 0) {
        return new Map();
      }
      const [over, graces, holds, findings, activity] = await Promise.all([
        blocksOver(engine, readRows, ips, wanted),
        gracesOver(engine, ips, wanted.now),
        holdsOn(engine, ips, wanted),
        findingsAbout(engine, readRows, ips),
        activityOf(engine, ips, wanted),
      ]);
      return new Map(
        ips.map((ip) => {
          const { block = null, offences = [] } = over.get(ip) ?? {};
          const standing = { block, heldUntil: holds.get(ip) ?? null, ...letOut(ip, graces.get(ip)) };
          return [ip, { standing, findings: findings.get(ip) ?? [], activity: activity(ip), offences }];
        }),
      );
    },
  };
}

function letOut(ip: IpAddress, grace: Grace | undefined): Pick<Standing, "graceUntil" | "letOut"> {
  if (grace === undefined) {
    return { graceUntil: null };
  }
  const { until, prefix } = grace;
  return prefix === prefixOf(ip) ? { graceUntil: until } : { graceUntil: until, letOut: prefix };
}

/** When the hold of this mode on exactly this address lapses, of each that is held. */
async function holdsOn(
  engine: Engine,
  ips: readonly IpAddress[],
  { mode, now }: FactsWanted,
): Promise<ReadonlyMap<string, Date>> {
  const rows = await engine.reader
    .selectFrom("holds")
    .select(["ip", "expires_at"])
    .where(isOneOf(engine, "ip", ips))
    .where("mode", "=", mode)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now.getTime())
    .execute();
  return new Map(rows.map(({ ip, expires_at }) => [ip, new Date(expires_at)]));
}

/** Events of the last seconds, for each window that is asked about. */
async function activityOf(
  engine: Engine,
  ips: readonly IpAddress[],
  { windows, now, countedAt = now }: FactsWanted,
): Promise<(ip: IpAddress) => readonly Activity[]> {
  const counted: { readonly seconds: number; readonly events: ReadonlyMap<string, number> }[] = [];
  for (const seconds of windows) {
    const rows = await engine.reader
      .selectFrom("sightings")
      .select(["ip", sumOfCounts(engine).as("events")])
      .where(isOneOf(engine, "ip", ips))
      .where("created_at", ">", countedAt.getTime() - seconds * 1000)
      .where("created_at", "<=", countedAt.getTime())
      .groupBy("ip")
      .execute();
    counted.push({ seconds, events: new Map(rows.map(({ ip, events }) => [ip, events])) });
  }
  return (ip) => counted.map(({ seconds, events }) => ({ seconds, events: events.get(ip) ?? 0 }));
}
