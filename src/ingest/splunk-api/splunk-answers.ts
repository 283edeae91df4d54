import * as z from "zod";
import { answerInvalid, unreachable } from "./splunk-errors.ts";

/** Old versions write `"1"` and `"0"`, new ones true and false. What is anything else counts as false: one odd entry must not hide the others. */
export const Flag = z
  .unknown()
  .optional()
  .transform((value) => value === true || value === 1 || value === "1" || value === "true");

/** Numbers are texts in many places; null for what is neither. */
export const Count = z
  .unknown()
  .optional()
  .transform((value) => {
    const isWritten = typeof value === "string" && value.trim() !== "";
    const number = typeof value === "number" || isWritten ? Number(value) : Number.NaN;
    return Number.isFinite(number) ? number : null;
  });

/** Text; what is empty or anything else counts as absent. */
export const TextOrNull = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null)
  .transform((text) => (text === undefined || text === "" ? null : text));

const Message = z.object({ type: z.string().catch(""), text: z.string().nullish().catch("") });

/** What Splunk says beside an answer, or instead of one. Source: Splunk REST API reference, "Messages" of an error. */
export const Messages = z.object({ messages: z.array(Message).nullish().catch(null) });

/**
 * A list of things, a page at a time. Source: Splunk REST API reference, response of `output_mode=json`, read 2026-11.
 * @param content what is used of each entry
 */
export function entriesOf<T extends z.ZodType>(content: T) {
  return z.object({
    entry: z.array(
      z.object({
        name: z.coerce.string(),
        published: TextOrNull,
        acl: z.object({ app: TextOrNull, owner: TextOrNull }).nullish(),
        content,
      }),
    ),
  });
}

/** What Splunk says in an error, joined; null when the text is no answer of Splunk. */
export function messagesIn(text: string): string | null {
  const said = Messages.safeParse(parseJson(text)).data?.messages;
  return said === undefined || said === null ? null : said.map((message) => message.text ?? "").join("; ");
}

/** @throws {AppError} SPLUNK_ANSWER_INVALID, SPLUNK_UNREACHABLE when the text ends in the middle */
export function readJson<T>(label: string, schema: z.ZodType<T>, text: string): T {
  const json = parseJson(text);
  if (json === undefined) {
    throw /^\s*\{/.test(text)
      ? unreachable(label, "gave an answer that ends in the middle")
      : answerInvalid(label, "is not JSON. SPLUNK_PORT must be the management port, usually 8089");
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) {
    return data;
  }
  const place = error.issues[0]?.path.map(String).join(".") ?? "";
  throw answerInvalid(label, `is not as documented${place === "" ? "" : ` at ${place}`}`);
}

/** The JSON in `text`, or `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
