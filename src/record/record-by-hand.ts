import type { Alert } from "../domain/alert.ts";
import type { Decision } from "../domain/decision.ts";
import type { Store } from "../ports.ts";
import { type CommitDeps, commitDecisions } from "./commit-decisions.ts";
import { inChunks, type Queries, storable } from "./engine.ts";
import { settingsText } from "./stored-settings.ts";
import { sightingId } from "./sightings.ts";

type Entries = Parameters<Store["recordByHand"]>[1];

/** Decisions per transaction: deliveries wait for it. */
const chunkEntries = 32;

/** An alert that a person wrote, with its sightings and decisions. Nothing of it waits. */
export async function recordByHand(
  deps: CommitDeps,
  alert: Alert,
  entries: Entries,
): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  const { writer } = deps.engine;
  await insertAlert(writer, alert);
  await inChunks(entries, chunkEntries, async (chunk) => {
    const recorded = await writer.transaction().execute(async (trx) => {
      await insertSightings(trx, alert, chunk);
      return commitDecisions(
        deps,
        trx,
        chunk.map(({ record }) => record),
      );
    });
    decisions.push(...recorded);
  });
  return decisions;
}

async function insertAlert(db: Queries, alert: Alert): Promise<void> {
  await db
    .insertInto("alerts")
    .values({
      id: alert.id,
      source: storable(alert.source),
      sid: storable(alert.sid),
      search_name: storable(alert.searchName),
      app: storable(alert.app),
      owner: storable(alert.owner),
      results_link: storable(alert.resultsLink),
      rows: JSON.stringify(alert.rows),
      row_count: alert.rows.length,
      extras: storable(alert.extras),
      settings: settingsText(alert.settings),
      received_at: alert.receivedAt.getTime(),
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

async function insertSightings(db: Queries, alert: Alert, entries: Entries): Promise<void> {
  await db
    .insertInto("sightings")
    .values(
      entries.map(({ sighting }) => ({
        id: sightingId(alert.id, sighting.ip),
        alert_id: alert.id,
        ip: sighting.ip,
        count: sighting.count,
        fields: JSON.stringify(sighting.fields),
        severity: sighting.severity,
        created_at: alert.receivedAt.getTime(),
        attempts: 0,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
