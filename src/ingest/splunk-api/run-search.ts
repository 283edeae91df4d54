import type { Readable } from "node:stream";
import * as z from "zod";
import type { Row } from "../../domain/alert.ts";
import type { SearchWanted } from "../../ports.ts";
import { readLines } from "./export-lines.ts";
import { Fields, rowsOf } from "./read-results.ts";
import { Messages, parseJson } from "./splunk-answers.ts";
import { answerInvalid, quoted, refused, unreachable } from "./splunk-errors.ts";
import { failureOf } from "./splunk-http.ts";
import type { SplunkQuestions } from "./splunk-questions.ts";

/**
 * One line of an export. The end comes with the last row, or alone when there was none.
 * Source: Splunk REST API reference, `search/v2/jobs/export`, `output_mode=json`, read 2026-11.
 */
const ExportLine = Messages.extend({
  preview: z.boolean().nullish(),
  lastrow: z.boolean().nullish(),
  result: Fields.nullish(),
});

/**
 * Runs a search and gives its rows as they come; leaving ends the search in Splunk too. Splunk says 200 before it knows whether the search
 * will work, so that what went wrong stands in a line, perhaps behind rows.
 * @throws {AppError} as `SplunkApi` does
 */
export async function* runSearch(
  questions: SplunkQuestions,
  { search, earliest, latest }: SearchWanted,
  { signal, silenceMs }: { readonly signal: AbortSignal; readonly silenceMs: number },
): AsyncGenerator<readonly Row[]> {
  const { label } = questions;
  const form = {
    search: asCommand(search),
    earliest_time: earliest,
    latest_time: latest,
    output_mode: "json",
    preview: "0",
  };
  const { body, isFramed } = await questions.askJobs(
    { method: "POST", path: "/export", form, isStream: true, about: "this search" },
    signal,
  );
  if (body === null) {
    throw answerInvalid(label, "has no body");
  }
  const end = { isSeen: false, rows: 0 };
  for await (const lines of readLines(label, untilSilent(label, body, { signal, silenceMs }))) {
    const rows = rowsOf(
      label,
      lines.flatMap((line) => resultIn(label, line, end)),
    );
    end.rows += rows.length;
    if (rows.length > 0) {
      yield rows;
    }
  }
  if (!isFramed && !end.isSeen && end.rows > 0) {
    throw unreachable(label, "broke off before the last row of the search");
  }
}

/** As Splunk's own search bar does. */
function asCommand(search: string): string {
  const text = search.trim();
  return /^(?:\||search\s)/i.test(text) ? text : `search ${text}`;
}

function resultIn(
  label: string,
  line: string,
  end: { isSeen: boolean },
): readonly Readonly<Record<string, unknown>>[] {
  const { success, data } = ExportLine.safeParse(parseJson(line));
  if (!success) {
    throw /^\s*\{/.test(line)
      ? unreachable(label, "gave a row of the search that ends in the middle")
      : answerInvalid(label, "is not as documented: a row of a search is no JSON");
  }
  const fault = data.messages?.find(({ type }) => type === "FATAL" || type === "ERROR");
  if (fault !== undefined) {
    throw refused("SPLUNK_REJECTED", label, `could not finish the search: ${quoted(fault.text ?? "")}`);
  }
  if (data.preview === true) {
    return [];
  }
  end.isSeen ||= data.lastrow === true;
  return data.result === null || data.result === undefined ? [] : [data.result];
}

/** Ends the connection when nothing comes for too long, when nobody listens any more, and at an abort. */
async function* untilSilent(
  label: string,
  body: Readable,
  { signal, silenceMs }: { readonly signal: AbortSignal; readonly silenceMs: number },
): AsyncGenerator<Uint8Array> {
  let isSilent = false;
  const listen = (): NodeJS.Timeout =>
    setTimeout(() => {
      isSilent = true;
      body.destroy(new Error("silent"));
    }, silenceMs);
  let timer = listen();
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      // While we are busy with it, Splunk can't be blamed.
      clearTimeout(timer);
      yield chunk;
      timer = listen();
    }
  } catch (error) {
    throw isSilent
      ? unreachable(label, `said nothing more of the search for ${silenceMs / 1000} s`)
      : failureOf(label, error, { signal, maxBytes: Number.POSITIVE_INFINITY });
  } finally {
    clearTimeout(timer);
  }
}
