import { hash } from "node:crypto";
import type { Alert, Row } from "../domain/alert.ts";
import { fromRecovery, fromRows } from "../domain/alert-source.ts";
import { searchTimeOf } from "../domain/sid.ts";
import type { SearchJob, WaitingRecovery } from "../ports.ts";

/** Rows of one alert: its sightings are one transaction. */
const mostRows = 2000;
/** Characters of one alert, or it would be too much for a claim. */
const mostCharacters = 2_000_000;

/** A part of what Splunk tells, without the rows that are known already. */
export interface Chunk {
  readonly number: number;
  readonly rows: readonly Row[];
}

/** Gathers rows in parts whose bounds depend on nothing but what Splunk tells, so that a part is the same whenever it is read. */
export function createChunks(): {
  /** @returns the part that is full with this row, or undefined */
  readonly add: (row: Row, isKnown: boolean) => Chunk | undefined;
  readonly rest: () => Chunk;
} {
  let number = 0;
  let rows: Row[] = [];
  let count = 0;
  let characters = 0;
  const rest = (): Chunk => {
    const chunk = { number, rows };
    number += 1;
    rows = [];
    count = 0;
    characters = 0;
    return chunk;
  };
  return {
    add(row, isKnown) {
      count += 1;
      characters += charactersOf(row);
      if (!isKnown) {
        rows.push(row);
      }
      return count >= mostRows || characters >= mostCharacters ? rest() : undefined;
    },
    rest,
  };
}

function charactersOf(row: Row): number {
  let sum = 0;
  for (const [field, values] of row) {
    sum += field.length;
    for (const value of values) {
      sum += value.length;
    }
  }
  return sum;
}

/**
 * The alert of one part. Its id is derived from sid and part, so that a repeat after a crash, or on another replica, meets the same one;
 * of a search that sends its rows in parts also from the rows, because each time others may be missing.
 */
export function recoveredAlert(
  { sid, cause, searchName, app, owner, settings }: WaitingRecovery,
  job: SearchJob,
  { number, rows }: Chunk,
  about: Pick<Alert, "resultsLink" | "receivedAt">,
): Alert {
  const identity = JSON.stringify(["rows", sid, number, ...(cause === "missed-rows" ? [rows] : [])]);
  return {
    id: `al_${`${searchTimeOf(sid)}${hash("sha256", identity, "hex")}`.slice(0, 32)}`,
    source: cause === "rows" ? fromRows : fromRecovery,
    sid,
    searchName: job.searchName ?? searchName,
    app: job.app ?? app,
    owner: job.owner ?? owner,
    rows,
    extras: null,
    settings,
    ...about,
  };
}
