import { onTestFinished } from "vitest";
import type { Row } from "../../src/domain/alert.ts";
import { createRecoverRows } from "../../src/ingest/recover-rows.ts";
import { extractedAlert } from "../../src/ingest/recovery-wanted.ts";
import { readSplunkPayload } from "../../src/ingest/splunk-payload.ts";
import type { Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { after } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { MemorySplunk } from "../fakes/splunk-api.ts";

export const sid = "scheduler__admin__search__RMD5_at_1760000400_12";

export const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

/** Rows as Splunk's API tells them. */
export const rows = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, n) => [
    ["src_ip", [address(n)]],
    ["count", ["5"]],
    ["_time", ["2025-10-09T09:00:00.000+00:00"]],
  ]);

export interface RecoveryDesk {
  readonly store: Store;
  readonly splunk: MemorySplunk;
  readonly advance: (seconds: number) => void;
  readonly now: () => Date;
  /** What the webhook delivers, and the pipeline makes of it. @returns the alert's id */
  readonly deliver: (body: object, requireGenuine?: boolean) => Promise<string>;
  /** One step of the loop. @param holder default is `test` */
  readonly step: (holder?: string) => Promise<number>;
  /** Every address of the alerts of this source, in order. */
  readonly addressesOf: (source: string) => Promise<readonly string[]>;
}

/** A store in memory, a Splunk in memory and a clock. @param requireGenuineRows as the setting says */
export async function recoveryDesk(requireGenuineRows = false): Promise<RecoveryDesk> {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  onTestFinished(() => store.close());
  const splunk = new MemorySplunk();
  let seconds = 0;
  const now = (): Date => after(seconds);
  const stepOf = new Map<string, ReturnType<typeof createRecoverRows>>();
  return {
    store,
    splunk,
    now,
    advance: (more) => {
      seconds += more;
    },
    async deliver(body, requireGenuine = false) {
      const alert = readSplunkPayload(body, { receivedAt: now(), source: "splunk-webhook" });
      await store.insertAlerts([alert]);
      const policy = { asksSplunk: true, requireGenuine };
      await store.recordSightings(alert.id, [], now(), extractedAlert(alert, policy, now()));
      return alert.id;
    },
    step(holder = "test") {
      const step =
        stepOf.get(holder) ??
        createRecoverRows({
          splunk,
          store,
          channels: ["email"],
          requireGenuine: requireGenuineRows,
          holder,
          onRecovered: () => undefined,
          now,
          log: silentLog,
        });
      stepOf.set(holder, step);
      return step(new AbortController().signal);
    },
    async addressesOf(source) {
      const alerts = await store.alertsOfSid(sid, [source]);
      return alerts
        .flatMap((alert) => alert.rows)
        .flatMap((row) => row.flatMap(([field, values]) => (field === "src_ip" ? values : [])))
        .toSorted();
    },
  };
}

/** The stock webhook's body with the first row. */
export function digest(changes: object = {}): object {
  return {
    sid,
    search_name: "SSH brute force",
    app: "search",
    owner: "admin",
    results_link: `https://splunk.example.net:8000/app/search/@go?sid=${sid}`,
    result: { src_ip: address(0), count: "5", _time: "1760000400.000000" },
    ...changes,
  };
}

/** The body for the Nth row, from 1, of a search that sends each alone. */
export function perResult(n: number, changes: object = {}): object {
  return digest({
    results_link: `https://splunk.example.net:8000/app/search/search?q=%7Cloadjob%20${sid}%20%7C%20head%20${n}%20%7C%20tail%201`,
    result: { src_ip: address(n - 1), count: "5", _time: "1760000400.000000" },
    ...changes,
  });
}
