import { z } from "zod";
import type { Hint } from "../domain/finding.ts";
import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { answerInvalid } from "./provider-errors.ts";

const longestFact = 200;

/**
 * Text that only people read. What is not text counts as absent: a verdict must not be lost for the name of a country.
 */
export const FactText = z.string().nullish().catch(undefined);

/** @throws {AppError} PROVIDER_ANSWER_INVALID when the text is not JSON of this shape */
export function readAnswer<T>(service: string, schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join(".") ?? "";
    throw answerInvalid(service, place === "" ? "is not the JSON that was expected" : `is wrong at ${place}`);
  }
  return parsed.data;
}

/** The JSON in `text`, or `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws {AppError} PROVIDER_ANSWER_INVALID when the answer says that it is about another address than the one asked for */
export function requireAbout(service: string, ip: IpAddress, named: string | null | undefined): void {
  if (typeof named === "string" && parseIpAddress(named) !== ip) {
    throw answerInvalid(service, "is about another address");
  }
}

/** The numbers that were sent. */
export function presentNumbers(
  numbers: Readonly<Record<string, number | null | undefined>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(numbers).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/** The facts that were sent and say something, each at most 200 characters. */
export function presentFacts(
  facts: readonly (readonly [label: string, value: string | null | undefined])[],
): readonly (readonly [string, string])[] {
  return facts.flatMap(([label, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[label, value.slice(0, longestFact)] as const] : [],
  );
}

const isoTime = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** The moment that an ISO 8601 text names, or `undefined`. A day alone is its beginning, UTC. */
export function timeOf(text: string | null | undefined): Date | undefined {
  const time = new Date(typeof text === "string" && isoTime.test(text) ? text : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The times that were sent. */
export function presentTimes(
  times: Readonly<Record<string, Date | undefined>>,
): Readonly<Record<string, Date>> {
  return Object.fromEntries(
    Object.entries(times).filter((entry): entry is [string, Date] => entry[1] !== undefined),
  );
}

/** The hints whose reason is there, in their order. */
export function presentHints(reasons: readonly (readonly [hint: Hint, holds: boolean])[]): readonly Hint[] {
  return reasons.flatMap(([hint, holds]) => (holds ? [hint] : []));
}
