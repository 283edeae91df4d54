import { AppError } from "../../domain/errors.ts";
import type { SplunkAnswer, SplunkRequest } from "./splunk-http.ts";
import { messagesIn } from "./splunk-answers.ts";
import { sidForms } from "./sid-forms.ts";
import type { SplunkSession } from "./splunk-session.ts";
import { statusFault } from "./status-fault.ts";

export interface Question extends SplunkRequest {
  /** What it is about, fit to be shown: `the run 1760000400.12`. */
  readonly about: string;
  /** A 204 is an answer too, with no text. */
  readonly isEmptyFine?: boolean;
}

/** Asks with the login, and turns every status but success into an error. */
export interface SplunkQuestions {
  readonly label: string;
  /** @throws {AppError} as `SplunkApi` does */
  ask(question: Question, signal: AbortSignal): Promise<SplunkAnswer>;
  /** As `ask`, below the folder of search jobs, which old versions have elsewhere. @param question its path goes behind the folder */
  askJobs(question: Question, signal: AbortSignal): Promise<SplunkAnswer>;
  /** With the sid as it is, then, when Splunk does not know it, in its other form. @param work gets it encoded for a path */
  withSid<T>(sid: string, work: (encoded: string) => Promise<T>): Promise<T>;
}

/** From Splunk 9.0.2 on. */
const newFolder = "/services/search/v2/jobs";
const oldFolder = "/services/search/jobs";

export function createSplunkQuestions(label: string, session: SplunkSession): SplunkQuestions {
  let folder = newFolder;
  const checked = (answer: SplunkAnswer, { about, isEmptyFine = false }: Question): SplunkAnswer => {
    const fault = isEmptyFine && answer.status === 204 ? null : statusFault(label, answer, about);
    if (fault !== null) {
      throw fault;
    }
    return answer;
  };
  return {
    label,
    async ask(question, signal) {
      return checked(await session.send(question, signal), question);
    },
    async askJobs(question, signal) {
      const below = (start: string): SplunkRequest => ({ ...question, path: `${start}${question.path}` });
      const answer = await session.send(below(folder), signal);
      if (folder === oldFolder || !isFolderMissing(answer)) {
        return checked(answer, question);
      }
      const old = await session.send(below(oldFolder), signal);
      if (isFolderMissing(old)) {
        return checked(answer, question);
      }
      folder = oldFolder;
      return checked(old, question);
    },
    async withSid(sid, work) {
      const [whole, other] = sidForms(label, sid);
      try {
        return await work(encodeURIComponent(whole));
      } catch (error) {
        if (other === undefined || !(error instanceof AppError) || error.code !== "SPLUNK_UNKNOWN_SID") {
          throw error;
        }
        return work(encodeURIComponent(other));
      }
    },
  };
}

/** A 404 that is not about the run: this version has no such folder. */
function isFolderMissing({ status, text }: SplunkAnswer): boolean {
  return status === 404 && !/unknown sid/i.test(messagesIn(text) ?? "");
}
