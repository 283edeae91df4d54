import type { Finding } from "../../src/domain/finding.ts";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import type { Candidate } from "../../src/domain/look-up.ts";
import type { Parking, Store, WaitingSighting } from "../../src/ports.ts";
import { after, ip, sampleClaim, t0 } from "./samples.ts";

interface Sight {
  readonly address?: IpAddress;
  readonly count?: number;
}

/** Records one sighting, and claims it. */
export async function sightOne(
  store: Store,
  alertId: string,
  { address: one = ip("203.0.113.9"), count = 7 }: Sight = {},
): Promise<WaitingSighting> {
  await store.recordSightings(alertId, [{ ip: one, count, fields: ["src"], severity: null }], t0);
  const [sighting] = await store.claimSightings(sampleClaim());
  if (sighting === undefined) {
    throw new Error(`the sighting of ${alertId} can't be claimed`);
  }
  return sighting;
}

/** So many sightings, by default each of an address of its own. */
export async function sightMany(
  store: Store,
  count: number,
  addresses = count,
): Promise<readonly WaitingSighting[]> {
  for (let alert = 0; alert < count / addresses; alert += 1) {
    const named = Array.from({ length: addresses }, (_, n) => ip(`198.18.${n >> 8}.${n & 255}`));
    await store.recordSightings(
      `al_${alert}`,
      named.map((one) => ({ ip: one, count: 1, fields: [], severity: null })),
      t0,
    );
  }
  return store.claimSightings(sampleClaim({ limit: count }));
}

/** Parks a claimed sighting for a day, by default for VirusTotal alone; changes to the candidate go beside the others. */
export function park(
  store: Store,
  sighting: WaitingSighting,
  { until, reason, providers, now, ...candidate }: Partial<Omit<Parking, "candidate"> & Candidate> = {},
): Promise<void> {
  return store.parkSighting({
    sightingId: sighting.id,
    until: until ?? after(86_400),
    reason: reason ?? "virustotal: quota exhausted",
    providers: providers ?? ["virustotal"],
    candidate: {
      ip: sighting.ip,
      severity: "medium",
      events: sighting.count,
      searches: [sighting.searchName ?? ""],
      firewalls: 2,
      closeness: 0,
      ...candidate,
    },
    now: now ?? t0,
  });
}

/** The events of each look-up of this provider, most urgent first. */
export async function eventsOf(store: Store, provider: string): Promise<readonly number[]> {
  const claim = sampleClaim({ now: after(1_000_000), leaseMs: 0 });
  return (await store.claimLookUps(provider, claim)).map(({ candidate }) => candidate.events);
}

/** VirusTotal says that it never saw the address. */
export function answer(about: IpAddress, foundAt: number): Finding {
  return {
    status: "unknown",
    provider: "virustotal",
    ip: about,
    foundAt: after(foundAt),
    expiresAt: after(86_400),
    reason: "never seen",
  };
}
