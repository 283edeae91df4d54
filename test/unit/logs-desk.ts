import { formatOf } from "../../src/ingest/logs/formats.ts";
import type { FormatName, LogEvent } from "../../src/ingest/logs/log-event.ts";
import { createLogReading } from "../../src/ingest/logs/log-reading.ts";

/** When the logs of these tests were last written. */
const referenceMs = Date.parse("2024-05-02T00:00:00Z");

/** What a log in this format tells. Null: the format is found out. */
export function readText(format: FormatName | null, text: string | Buffer) {
  const events: LogEvent[] = [];
  const reading = createLogReading({
    format: format === null ? null : formatOf(format),
    referenceMs: () => referenceMs,
    take: (event) => {
      events.push(event);
    },
  });
  reading.push(Buffer.from(text));
  reading.end();
  return { events, unclear: reading.unclear, lines: reading.lines, format: reading.format?.name };
}

/** Failures and attacks as `address xcount user`; without `xcount` for one. */
export function told(format: FormatName, ...lines: readonly string[]): readonly string[] {
  return readText(format, `${lines.join("\n")}\n`)
    .events.filter(({ kind }) => kind !== "request")
    .map(({ ip, count, user, detail }) =>
      [ip, count === 1 ? null : `x${count}`, user ?? detail].filter((part) => part !== null).join(" "),
    );
}
