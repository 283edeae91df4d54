import { z } from "zod";
import type { DownloadedList } from "../../ports.ts";
import { collectNetworks, type ListLine } from "../collect-networks.ts";
import { answerInvalid } from "../provider-errors.ts";
import { FactText, parseJson } from "../read-answer.ts";

/**
 * A line of Spamhaus DROP, one JSON document each; only what we use.
 * Source: www.spamhaus.org, "DROP", drop_v4.json.
 */
const Entry = z.object({ cidr: z.string(), sblid: FactText });

/** The last line. Times are seconds since 1970. */
const Metadata = z.object({
  type: z.literal("metadata"),
  timestamp: z.int().positive().nullish().catch(undefined),
  records: z.int().nonnegative().nullish().catch(undefined),
});
type Metadata = z.infer<typeof Metadata>;

const widest = { 4: 8, 6: 16 };
const mostBroken = 0.01;

/**
 * Reads a list. Up to one line in a hundred may be wrong; those are left out.
 * @throws {AppError} PROVIDER_ANSWER_INVALID
 */
export function readDropList(service: string, text: string): Omit<DownloadedList, "etag"> {
  const lines: ListLine[] = [];
  let metadata: Metadata | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() !== "") {
      const json = parseJson(line);
      const about = Metadata.safeParse(json);
      if (about.success) {
        metadata = about.data;
      } else {
        lines.push(readEntry(json));
      }
    }
  }
  requireWhole(service, lines.length, metadata);
  return {
    version: timeOf(metadata?.timestamp),
    networks: collectNetworks(service, lines, { widest, mostBroken }),
  };
}

function readEntry(json: unknown): ListLine {
  const entry = Entry.safeParse(json);
  return entry.success ? { network: entry.data.cidr, note: entry.data.sblid ?? "" } : undefined;
}

/** A list that was cut off between two lines looks well otherwise. */
function requireWhole(service: string, lines: number, metadata: Metadata | undefined): void {
  const records = metadata?.records ?? undefined;
  if (records !== undefined && lines < records) {
    throw answerInvalid(service, `has ${lines} lines and says that it has ${records}`);
  }
}

function timeOf(seconds: number | null | undefined): string {
  const time = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
