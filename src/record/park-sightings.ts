import { type RawBuilder, sql } from "kysely";
import { type IpAddress, neighbourhoodOf } from "../domain/ip-address.ts";
import { type Candidate, joinCandidates, priorityOf } from "../domain/look-up.ts";
import type { Parking } from "../ports.ts";
import { noLease } from "./claim.ts";
import { type Engine, isOneOf, type Queries, storable } from "./engine.ts";
import { mostAheadMs } from "./findings.ts";
import { lockLookUps, lockSightings } from "./lock-look-ups.ts";
import { candidateText, LookUpRow, ParkedText, type StoredParking } from "./look-up-rows.ts";

/** The candidate of a row that was made only to be locked. */
const noCandidate = "";

const neverParked: StoredParking = { added: {}, seen: {} };

interface Waiting {
  readonly parking: Parking;
  /** What the sighting has led to so far. */
  readonly before: StoredParking;
}

interface LookUp {
  readonly provider: string;
  readonly ip: IpAddress;
  readonly since: number;
  /** As it is kept; null: the row is new. */
  readonly kept: Candidate | null;
}

/**
 * Lets sightings wait, and makes or raises the look-ups that they wait for. A sighting that waits again adds its events only to
 * look-ups that do not hold them yet: it remembers the `since` of those that do. One that would wait for an answer that has come since
 * it was looked at becomes due at once instead, once per answer: one that is of no use must not make it due again and again.
 */
export async function parkSightings(
  engine: Engine,
  db: Queries,
  parkings: readonly Parking[],
): Promise<void> {
  await lockLookUps(engine, db);
  const waiting = await readWaiting(engine, db, parkings);
  if (waiting.length === 0) {
    return;
  }
  const lookUps = await readLookUps(db, waiting);
  const newsFor = await readNews(engine, db, waiting);
  const candidates = new Map<LookUp, Candidate>();
  const rows = waiting.map(({ parking, before }) => {
    const seen = newsFor({ parking, before });
    const isAnswered = Object.keys(seen).length > 0;
    return {
      id: parking.sightingId,
      due_at: (isAnswered ? parking.now : parking.until).getTime(),
      error: storable(parking.reason).toWellFormed(),
      parked: JSON.stringify({
        seen: { ...before.seen, ...seen },
        added: isAnswered ? before.added : addEvents(lookUps, candidates, { parking, before }),
      }),
    };
  });
  await writeCandidates(db, candidates);
  await dropUnused(engine, db, lookUps, candidates);
  await updateSightings(engine, db, rows);
}

/** Those that nobody has decided meanwhile. */
async function readWaiting(
  engine: Engine,
  db: Queries,
  parkings: readonly Parking[],
): Promise<readonly Waiting[]> {
  const ids = parkings.map(({ sightingId }) => sightingId);
  const rows = await db
    .selectFrom("sightings")
    .select(["id", "parked"])
    .where(isOneOf(engine, "id", ids))
    .where("due_at", "is not", null)
    .execute();
  const parked = new Map(rows.map((row) => [row.id, ParkedText.safeParse(row.parked).data ?? neverParked]));
  return parkings.flatMap((parking) => {
    const before = parked.get(parking.sightingId);
    return before === undefined ? [] : [{ parking, before }];
  });
}

/** The rows of all look-ups that are waited for, made where there are none: nobody else changes or ends them until the transaction ends. */
async function readLookUps(db: Queries, waiting: readonly Waiting[]): Promise<ReadonlyMap<string, LookUp>> {
  const wanted = new Map(
    waiting.flatMap(({ parking }) =>
      parking.providers.map((provider) => [
        keyOf(provider, parking.candidate.ip),
        { provider, ip: parking.candidate.ip, now: parking.now.getTime() },
      ]),
    ),
  );
  if (wanted.size === 0) {
    return new Map();
  }
  const rows = await db
    .insertInto("look_ups")
    .values(
      // In one order everywhere: two replicas that want the same ones crosswise would wait for each other.
      [...wanted]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { provider, ip, now }]) => ({
          provider,
          ip,
          network: neighbourhoodOf(ip),
          candidate: noCandidate,
          priority: 0,
          since: now,
          due_at: now,
        })),
    )
    .onConflict((conflict) =>
      conflict.columns(["provider", "ip"]).doUpdateSet((eb) => ({ provider: eb.ref("excluded.provider") })),
    )
    .returning(["provider", "ip", "candidate", "priority", "since"])
    .execute();
  return new Map(
    rows.flatMap((row) => {
      const key = keyOf(row.provider, row.ip);
      const ip = wanted.get(key)?.ip;
      const kept = LookUpRow.safeParse(row).data?.candidate ?? null;
      return ip === undefined ? [] : [[key, { provider: row.provider, ip, since: row.since, kept }]];
    }),
  );
}

/** Tells, by provider, when answers were found that a sighting waits for and was not made due for yet. */
async function readNews(
  engine: Engine,
  db: Queries,
  waiting: readonly Waiting[],
): Promise<(one: Waiting) => Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom("findings")
    .select(["ip", "provider", "found_at", "expires_at"])
    .where(isOneOf(engine, "ip", [...new Set(waiting.map(({ parking }) => parking.candidate.ip))]))
    .execute();
  const answers = Map.groupBy(rows, ({ ip }) => ip);
  return ({ parking, before }) =>
    Object.fromEntries(
      (answers.get(parking.candidate.ip) ?? [])
        .filter(
          ({ provider, found_at, expires_at }) =>
            parking.providers.includes(provider) &&
            expires_at > parking.now.getTime() &&
            found_at <= parking.now.getTime() + mostAheadMs &&
            before.seen[provider] !== found_at,
        )
        .map(({ provider, found_at }) => [provider, found_at]),
    );
}

/** Adds what one sighting brings to `candidates`. @returns the look-ups that hold its events now */
function addEvents(
  lookUps: ReadonlyMap<string, LookUp>,
  candidates: Map<LookUp, Candidate>,
  { parking, before }: Waiting,
): StoredParking["added"] {
  const added = { ...before.added };
  for (const provider of parking.providers) {
    const lookUp = lookUps.get(keyOf(provider, parking.candidate.ip));
    if (lookUp !== undefined) {
      const kept = candidates.get(lookUp) ?? lookUp.kept;
      const isIn = lookUp.kept !== null && added[provider] === lookUp.since;
      const brought = isIn ? { ...parking.candidate, events: 0 } : parking.candidate;
      candidates.set(lookUp, kept === null ? brought : joinCandidates(kept, brought));
      added[provider] = lookUp.since;
    }
  }
  return added;
}

async function writeCandidates(db: Queries, candidates: ReadonlyMap<LookUp, Candidate>): Promise<void> {
  if (candidates.size === 0) {
    return;
  }
  await db
    .insertInto("look_ups")
    .values(
      [...candidates].map(([{ provider, ip, since }, candidate]) => ({
        provider,
        ip,
        network: neighbourhoodOf(ip),
        candidate: candidateText(candidate),
        priority: priorityOf(candidate),
        since,
        due_at: since,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["provider", "ip"]).doUpdateSet((eb) => ({
        candidate: eb.ref("excluded.candidate"),
        priority: eb.ref("excluded.priority"),
      })),
    )
    .execute();
}

/** Rows that were made only to be locked. */
async function dropUnused(
  engine: Engine,
  db: Queries,
  lookUps: ReadonlyMap<string, LookUp>,
  candidates: ReadonlyMap<LookUp, Candidate>,
): Promise<void> {
  const unused = [...lookUps.values()].filter((one) => one.kept === null && !candidates.has(one));
  if (unused.length > 0) {
    await db
      .deleteFrom("look_ups")
      .where(
        isOneOf(
          engine,
          "ip",
          unused.map(({ ip }) => ip),
        ),
      )
      .where("candidate", "=", noCandidate)
      .execute();
  }
}

interface SightingUpdate {
  readonly id: string;
  readonly due_at: number;
  readonly error: string;
  readonly parked: string;
}

async function updateSightings(engine: Engine, db: Queries, rows: readonly SightingUpdate[]): Promise<void> {
  await lockSightings(
    engine,
    db,
    "id",
    rows.map(({ id }) => id),
  );
  await db
    .updateTable("sightings")
    .from(given(engine, rows).as("g"))
    .set((eb) => ({
      ...noLease,
      due_at: eb.ref("g.due_at"),
      error: eb.ref("g.error"),
      parked: eb.ref("g.parked"),
    }))
    .whereRef("sightings.id", "=", "g.id")
    // Another one may have decided after this one's lease had ended.
    .where("sightings.due_at", "is not", null)
    .execute();
}

/** The rows as a table. */
function given(engine: Engine, rows: readonly SightingUpdate[]): RawBuilder<SightingUpdate> {
  const json = JSON.stringify(rows);
  return engine.kind === "sqlite"
    ? sql`(select value ->> 'id' as id, value ->> 'due_at' as due_at, value ->> 'error' as error,
        value ->> 'parked' as parked from json_each(${json}))`
    : sql`(select * from jsonb_to_recordset(${json}::jsonb) as r (id text, due_at bigint, error text, parked text))`;
}

function keyOf(provider: string, ip: string): string {
  return `${provider} ${ip}`;
}
