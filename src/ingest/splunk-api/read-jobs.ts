import * as z from "zod";
import type { SearchJob, WebhookSearch } from "../../ports.ts";
import { Count, entriesOf, Flag, readJson, TextOrNull } from "./splunk-answers.ts";
import { answerInvalid, refused } from "./splunk-errors.ts";
import type { SplunkQuestions } from "./splunk-questions.ts";
import { isUnknownSid } from "./is-unknown-sid.ts";

/**
 * A run. In a list of runs of a saved search its sid is the entry's name; asked for alone, the entry's name is the text of the search.
 * Source: Splunk REST API reference, `search/v2/jobs/{search_id}` and `saved/searches/{name}/history`, read 2026-11.
 */
const JobContent = z.object({
  sid: TextOrNull,
  label: TextOrNull,
  dispatchState: TextOrNull,
  isDone: Flag,
  isFailed: Flag,
  isZombie: Flag,
  resultCount: Count,
  /** Seconds since 1970, in some versions of the history. */
  start: Count,
});
const JobEntries = entriesOf(JobContent);
type JobEntry = z.infer<typeof JobEntries>["entry"][number];

/** @throws {AppError} as `SplunkApi` does */
export async function readJob(
  questions: SplunkQuestions,
  sid: string,
  signal: AbortSignal,
): Promise<SearchJob> {
  const { label } = questions;
  const { entry } = await questions.withSid(sid, async (encoded) => {
    const path = `/${encoded}?output_mode=json`;
    const { text } = await questions.askJobs({ method: "GET", path, about: "this run" }, signal);
    return readJson(label, JobEntries, text);
  });
  const [first] = entry;
  if (first === undefined) {
    throw answerInvalid(label, "names no run");
  }
  return jobOf(first.content.sid ?? sid, first);
}

function jobOf(sid: string, { published, acl, content }: JobEntry): SearchJob {
  return {
    sid,
    searchName: content.label,
    app: acl?.app ?? null,
    owner: acl?.owner ?? null,
    state: stateOf(content),
    resultCount: content.resultCount ?? 0,
    startedAt: startOf(sid, content.start, published),
  };
}

function stateOf({ dispatchState, isDone, isFailed, isZombie }: JobEntry["content"]): SearchJob["state"] {
  if (isFailed || isZombie || dispatchState === "FAILED") {
    return "failed";
  }
  return isDone || dispatchState === "DONE" ? "done" : "running";
}

const dispatched = /(?:^|_at_)(\d{10})[._]\d/;

function startOf(sid: string, seconds: number | null, published: string | null): Date | null {
  const told = seconds === null || seconds <= 0 ? Date.parse(published ?? "") : seconds * 1000;
  const inSid = Number(dispatched.exec(sid)?.[1] ?? Number.NaN) * 1000;
  const at = new Date(Number.isNaN(told) ? inSid : told);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Runs asked about at the same time. */
const atOnce = 4;

/**
 * The runs of a search that Splunk still keeps, newest first. Where the list does not say how many results a run had, each is asked for; one
 * that has ended its time meanwhile is left out. @throws {AppError} as `SplunkApi` does
 */
export async function readHistory(
  questions: SplunkQuestions,
  search: Pick<WebhookSearch, "name" | "app" | "owner">,
  signal: AbortSignal,
): Promise<readonly SearchJob[]> {
  const { label } = questions;
  const path = `${pathOf(label, search)}/history?output_mode=json&count=0`;
  const about = "the runs of this search";
  const { text } = await questions.ask({ method: "GET", path, about }, signal);
  const { entry: entries } = readJson(label, JobEntries, text);
  const jobs: SearchJob[] = [];
  for (let start = 0; start < entries.length; start += atOnce) {
    const some = entries.slice(start, start + atOnce);
    const found = await Promise.all(some.map((entry) => completed(questions, entry, signal)));
    jobs.push(...found.filter((job) => job !== null));
  }
  return jobs
    .map((job) => ({ ...job, searchName: job.searchName ?? search.name }))
    .toSorted((a, b) => (b.startedAt?.getTime() ?? 0) - (a.startedAt?.getTime() ?? 0));
}

async function completed(
  questions: SplunkQuestions,
  entry: JobEntry,
  signal: AbortSignal,
): Promise<SearchJob | null> {
  if (entry.content.resultCount !== null) {
    return jobOf(entry.name, entry);
  }
  try {
    const job = await readJob(questions, entry.name, signal);
    return { ...job, startedAt: job.startedAt ?? startOf(entry.name, entry.content.start, entry.published) };
  } catch (error) {
    if (isUnknownSid(error)) {
      return null;
    }
    throw error;
  }
}

function pathOf(label: string, { name, app, owner }: Pick<WebhookSearch, "name" | "app" | "owner">): string {
  const parts = [owner, app, name];
  // A path is folded before it is sent, encoded dots too.
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw refused("SPLUNK_REJECTED", label, "can't be asked for a search of this name, app or owner");
  }
  const [inOwner, inApp, named] = parts.map((part) => encodeURIComponent(part.toWellFormed()));
  return `/servicesNS/${inOwner}/${inApp}/saved/searches/${named}`;
}
