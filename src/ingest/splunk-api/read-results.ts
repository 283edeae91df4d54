import * as z from "zod";
import type { Row } from "../../domain/alert.ts";
import { PayloadError, rowOf } from "../splunk-payload.ts";
import { Messages, readJson } from "./splunk-answers.ts";
import { answerInvalid, isTooLarge, notReady, quoted, refused } from "./splunk-errors.ts";
import { readJob } from "./read-jobs.ts";
import type { SplunkQuestions } from "./splunk-questions.ts";

/** One row as Splunk writes it; `rowOf` reads its values. */
export const Fields = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected an object",
);

/**
 * A page of results. `fields` and, in some versions, `results` are absent when there are none.
 * Source: Splunk REST API reference, `search/v2/jobs/{search_id}/results`, `output_mode=json`, read 2026-11.
 */
const ResultsPage = Messages.extend({
  preview: z.boolean().nullish(),
  results: z.array(Fields.nullable()).nullish(),
});

/** Rows asked for at once, at first. Splunk gives at most 50,000 (`maxresultrows` in limits.conf). */
const pageRows = 5000;

/** Splunk's own page when nobody says how many: no one sets `maxresultrows` lower. */
const leastPage = 100;

/** Splunk keeps at most half of it for one run: who gives more ignores `offset`. */
const mostRows = 1_000_000;

/**
 * All rows of a run, in Splunk's order. A page that is too large is asked for again in smaller ones; a short page is the last one only when
 * it is shorter than any limit that Splunk may have been set to.
 * @throws {AppError} as `SplunkApi` does
 */
export async function* readResults(
  questions: SplunkQuestions,
  sid: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  let asked = pageRows;
  let offset = 0;
  const first = await questions.withSid(sid, async (encoded) => ({
    encoded,
    page: await readPage(questions, { encoded, offset, asked }, signal),
  }));
  let { page } = first;
  if (page.count === 0) {
    await requireEmpty(questions, sid, signal);
    return;
  }
  while (offset < mostRows) {
    const { rows, count } = page;
    asked = page.asked;
    offset += count;
    if (rows.length > 0) {
      yield rows;
    }
    if (count === 0 || (count < leastPage && count < asked)) {
      return;
    }
    page = await readPage(questions, { encoded: first.encoded, offset, asked }, signal);
  }
  throw answerInvalid(questions.label, `holds more than ${mostRows} rows for one run`);
}

/** No row may also mean that the run has not ended, whatever the status was. @throws {AppError} when it has not, or failed */
async function requireEmpty(questions: SplunkQuestions, sid: string, signal: AbortSignal): Promise<void> {
  const { state, resultCount } = await readJob(questions, sid, signal);
  if (state === "failed") {
    throw refused("SPLUNK_REJECTED", questions.label, "says that this run failed");
  }
  if (state === "running" || resultCount > 0) {
    throw notReady(questions.label, "has the results of this run not ready yet");
  }
}

interface Wanted {
  readonly encoded: string;
  readonly offset: number;
  readonly asked: number;
}

interface Page {
  readonly rows: readonly Row[];
  /** Rows that Splunk gave, also those that say nothing. */
  readonly count: number;
  readonly asked: number;
}

async function readPage(questions: SplunkQuestions, wanted: Wanted, signal: AbortSignal): Promise<Page> {
  const { encoded, offset, asked } = wanted;
  try {
    const path = `/${encoded}/results?output_mode=json&count=${asked}&offset=${offset}`;
    const about = "the results of this run";
    const { text } = await questions.askJobs({ method: "GET", path, about, isEmptyFine: true }, signal);
    return { ...pageOf(questions.label, text), asked };
  } catch (error) {
    if (!isTooLarge(error) || asked === 1) {
      throw error;
    }
    return readPage(questions, { ...wanted, asked: Math.ceil(asked / 8) }, signal);
  }
}

function pageOf(label: string, text: string): Omit<Page, "asked"> {
  // Empty for a 204: not ready, or behind the last row.
  const { preview, results, messages } = text === "" ? {} : readJson(label, ResultsPage, text);
  const fatal = messages?.find(({ type }) => type === "FATAL");
  if (fatal !== undefined) {
    throw refused("SPLUNK_REJECTED", label, `could not finish the search: ${quoted(fatal.text ?? "")}`);
  }
  if (preview === true) {
    throw notReady(label, "has only a preview of the results yet");
  }
  const all = results ?? [];
  return { rows: rowsOf(label, all), count: all.length };
}

/** @throws {AppError} SPLUNK_ANSWER_INVALID */
export function rowsOf(
  label: string,
  all: readonly (Readonly<Record<string, unknown>> | null)[],
): readonly Row[] {
  try {
    return all.map(rowOf).filter((row) => row.length > 0);
  } catch (error) {
    if (error instanceof PayloadError) {
      throw answerInvalid(label, `can't be read: ${error.message}`);
    }
    throw error;
  }
}
