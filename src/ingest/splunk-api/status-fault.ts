import type { AppError } from "../../domain/errors.ts";
import { messagesIn } from "./splunk-answers.ts";
import { answerInvalid, notReady, quoted, refused, unreachable } from "./splunk-errors.ts";
import type { SplunkAnswer } from "./splunk-http.ts";

/**
 * What a status means that is not success. @param what what was asked for, e.g. `the run 1760000400.12`: already fit to be shown
 * Source: Splunk REST API reference, "HTTP status codes", and the answers in the tests.
 */
export function statusFault(label: string, { status, text }: SplunkAnswer, what: string): AppError | null {
  if (status === 200 || status === 201) {
    return null;
  }
  const said = messagesIn(text);
  const saying = said === null || said === "" ? "" : `: ${quoted(said)}`;
  if (status === 204 || status === 503 || status === 429) {
    return notReady(label, `has ${what} not ready yet (HTTP ${status})${saying}`);
  }
  if (status === 401) {
    return refused(
      "SPLUNK_LOGIN_REFUSED",
      label,
      `refused the login (HTTP 401)${saying}. Check SPLUNK_TOKEN (token authentication must be switched on in Splunk), or SPLUNK_USER and SPLUNK_PASSWORD`,
    );
  }
  if (status === 403) {
    return refused(
      "SPLUNK_FORBIDDEN",
      label,
      `does not let this user read ${what} (HTTP 403)${saying}. Give its role the right to it`,
    );
  }
  return rareFault(label, status, { said, saying, what });
}

function rareFault(
  label: string,
  status: number,
  { said, saying, what }: { readonly said: string | null; readonly saying: string; readonly what: string },
): AppError {
  if (status === 404 && said !== null) {
    return refused(
      "SPLUNK_UNKNOWN_SID",
      label,
      `does not know ${what}${saying}. Its time may be over, or it ran on another search head`,
    );
  }
  if (status === 404 || (status >= 300 && status < 400)) {
    return answerInvalid(
      label,
      `is not one of Splunk's API (HTTP ${status}). SPLUNK_PORT must be the management port, usually 8089`,
    );
  }
  return status >= 500
    ? unreachable(label, `can't answer now (HTTP ${status})${saying}`)
    : refused("SPLUNK_REJECTED", label, `rejected the question for ${what} (HTTP ${status})${saying}`);
}
