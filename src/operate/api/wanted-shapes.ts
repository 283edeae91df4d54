import { z } from "zod";
import { parseIpPrefix, type IpPrefix } from "../../domain/ip-address.ts";
import { writtenAs } from "./components.ts";

/** Only these keys; a sentence says so when there are others. */
export function only<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape);
  const last = names.at(-1);
  if (last === undefined) {
    return z.strictObject(shape, "This takes no parameters");
  }
  const listed = names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
  return z.strictObject(shape, `This takes ${listed}, and nothing else`);
}

export const noParameters = only({});

const wantedText = "expected 1 to 200 characters, none of them a control character";

/** A line that a person wrote: a reason, a name. */
export const Line = writtenAs(
  z
    .string(wantedText)
    .trim()
    .min(1, wantedText)
    .max(200, wantedText)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u, wantedText),
  { type: "string", minLength: 1, maxLength: 200, description: "One line without control characters" },
);

/** Names by which the record tells what no person did. */
const reserved = new Set(["policy", "settings", "portcullis"]);

/** True for a name that a person may go by. */
export function isPersonal(name: string): boolean {
  return !reserved.has(name.toLowerCase());
}

/** What is wrong with any other. */
export const wantedName = "expected another name: this one stands for the program itself";

/** Who does it, when the token does not tell; behind the token's name when it does. */
export const Actor = writtenAs(Line.refine(isPersonal, wantedName), {
  type: "string",
  minLength: 1,
  maxLength: 200,
  description: "Who does it. A token's name goes on record before it",
}).optional();

const wantedFlag = "expected true or false";

/** `true` or `false` in a query; absent is false. */
export const Flag = writtenAs(
  z
    .enum(["true", "false"], wantedFlag)
    .transform((text) => text === "true")
    .default(false),
  { type: "boolean", default: false },
);

const mostPerPage = 500;
const wantedLimit = `expected a whole number from 1 to ${mostPerPage}`;
const wantedCursor = "expected what `next` of the page before said";

/** What is wrong with a cursor that the store does not know. */
export const badCursor = `cursor: ${wantedCursor}.`;

/** How much of a list is wanted. */
export const pageKeys = {
  limit: writtenAs(
    z
      .string()
      .regex(/^\d{1,3}$/, wantedLimit)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= mostPerPage, wantedLimit)
      .default(100),
    { type: "integer", minimum: 1, maximum: mostPerPage, default: 100 },
  ),
  cursor: writtenAs(z.string().min(1, wantedCursor).max(200, wantedCursor).nullable().default(null), {
    type: "string",
    minLength: 1,
    maxLength: 200,
    description: "What `next` of the page before said",
  }),
};

const wantedNetwork = "expected an IP address or a network such as 203.0.113.0/24";

/** @returns the network */
export const WantedNetwork = writtenAs(read<IpPrefix>(wantedNetwork, parseIpPrefix), {
  type: "string",
  description: "An IP address, or a network such as `203.0.113.0/24`",
});

const unitSeconds = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
  ["w", 7 * 86_400],
]);
const mostSeconds = 3650 * 86_400;

/** Seconds in `90s`, `30m`, `24h`, `7d` or `2w`; infinity for `permanent`; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (text === "permanent") {
    return Number.POSITIVE_INFINITY;
  }
  const [, digits, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(digits) * (unitSeconds.get(unit ?? "") ?? Number.NaN);
  return seconds >= 1 && seconds <= mostSeconds ? seconds : undefined;
}

const wantedDuration = "expected a duration like 90s, 30m, 24h, 7d or permanent, at most 3650d";

/** @returns seconds; infinity: without end */
export const Duration = writtenAs(read(wantedDuration, parseDuration), {
  type: "string",
  description: "`90s`, `30m`, `24h`, `7d`, `2w` or `permanent`",
});

const wantedMoment = "expected a time such as 2027-01-31T12:00:00Z, or a date such as 2027-01-31";

/** The moment that a text names: a date is its beginning in UTC. Undefined when it names none. */
export function parseMoment(text: string): Date | undefined {
  const isMoment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text).success;
  return isMoment ? new Date(text) : undefined;
}

/** When something ends: a date is its end in UTC, as in the settings. Undefined when the text names no moment. */
function parseEnd(text: string): Date | undefined {
  const isDate = z.iso.date().safeParse(text).success;
  return isDate ? new Date(Date.parse(text) + 86_400_000) : parseMoment(text);
}

export const Moment = writtenAs(read(wantedMoment, parseEnd), {
  type: "string",
  description: "A time with its zone, or a date: its end in UTC",
});

/** What `parse` makes of a text. */
function read<T>(wanted: string, parse: (text: string) => T | undefined) {
  return z.string(wanted).transform((text, context): T => {
    const value = text.length > 100 ? undefined : parse(text.trim());
    if (value === undefined) {
      context.addIssue({ code: "custom", message: wanted });
      return z.NEVER;
    }
    return value;
  });
}
