import type { Row } from "../../domain/alert.ts";
import type { LostSend, SearchWanted } from "../../ports.ts";
import { type ActionLine, createLostSendFinder, longestSendMs } from "./find-lost-sends.ts";

/**
 * All actions, not only those that send to us: what else a thread does tells that its send is over. In the order of their times, so that no line has to
 * be kept.
 */
const search =
  "search index=_internal sourcetype=splunkd component=sendmodalert | eval at=_time | sort 0 at | table at host _raw";

/** Sends that failed in this time by Splunk's log. @param run runs a search. Throws as it does */
export async function readLostSends(
  run: (wanted: SearchWanted) => AsyncIterable<readonly Row[]>,
  since: Date,
  until: Date,
): Promise<readonly LostSend[]> {
  const finder = createLostSendFinder(since, until);
  const earliest = seconds(since.getTime() - longestSendMs);
  for await (const rows of run({ search, earliest, latest: seconds(until.getTime()) })) {
    for (const line of rows.map(lineOf).filter((one) => one !== null)) {
      finder.read(line);
    }
  }
  return finder.found();
}

function lineOf(row: Row): ActionLine | null {
  const value = (field: string): string => row.find(([name]) => name === field)?.[1][0] ?? "";
  const at = new Date(Number(value("at")) * 1000);
  const raw = value("_raw");
  return raw === "" || Number.isNaN(at.getTime()) ? null : { at, host: value("host"), raw };
}

/** As Splunk takes a time: seconds since 1970, with thousandths. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
