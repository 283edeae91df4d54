import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { cleanText } from "../domain/clean-text.ts";
import { AppError } from "../domain/errors.ts";
import { type Answer, type Call, callReceiver, explain } from "./call-receiver.ts";

/** Text of an answer, safe to show in a terminal. */
export const Shown = z.string().transform((text) => cleanText(text, 500));

/** One call of the API with a token. @throws {AppError} API_UNREACHABLE, API_REFUSED unless the status is 2xx */
export async function askApi(config: ReceiverConfig, call: Omit<Call, "asAdmin">): Promise<Answer["body"]> {
  const answer = await callReceiver(config, { ...call, asAdmin: true });
  if (answer.status < 200 || answer.status > 299) {
    throw refused(answer);
  }
  return answer.body;
}

/** The failure of a call that the receiver did not do, with what to do. */
export function refused(answer: Answer): AppError {
  const hint =
    answer.status === 401
      ? " Set PORTCULLIS_TOKEN to a token that is valid there, or ADMIN_TOKEN to what the receiver has."
      : "";
  return new AppError("API_REFUSED", `${cleanText(asTyped(explain(answer)), 500)}${hint}`, {
    retryable: false,
  });
}

/** What the API calls a key of the body or the query is an option here. */
export function asTyped(text: string): string {
  return text
    .replaceAll(/\bsay "(force|wide)": true/g, "add --$1")
    .replaceAll("say partial=true", "add --partial");
}

/** Reads what the API answered. @throws {AppError} API_REFUSED when it has another shape: another version answers */
export function readAnswer<T>(body: unknown, schema: z.ZodType<T>): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) {
    return data;
  }
  const where = error.issues.map(({ path }) => path.map(String).join(".")).join(", ");
  throw new AppError(
    "API_REFUSED",
    `the receiver answered in a shape this command does not know (${where}): are both of the same version?`,
    { retryable: false },
  );
}

/** An answer as JSON, with nothing that a terminal would obey or hide. */
export function shownJson(body: unknown): string {
  return `${escapeUnseen(JSON.stringify(body, null, 2))}\n`;
}

/** Text with nothing that a terminal would obey or hide; JSON means the same afterwards. */
export function escapeUnseen(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
