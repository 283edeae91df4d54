import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError } from "../domain/errors.ts";
import { cleanText } from "../notify/clean-text.ts";
import { type Answer, type Call, callReceiver, explain } from "./call-receiver.ts";

/** Text of an answer, safe to show in a terminal. */
export const Shown = z.string().transform((text) => cleanText(text, 500));

/** One call of the API as administrator. @throws {AppError} API_UNREACHABLE, API_REFUSED unless the status is 200 */
export async function askApi(config: ReceiverConfig, call: Omit<Call, "asAdmin">): Promise<Answer["body"]> {
  const answer = await callReceiver(config, { ...call, asAdmin: true });
  if (answer.status !== 200) {
    throw new AppError("API_REFUSED", cleanText(explain(answer), 500), { retryable: false });
  }
  return answer.body;
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
  const text = JSON.stringify(body, null, 2).replaceAll(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}
