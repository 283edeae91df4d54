/** What settings look like, from the environment and from the file alike. Messages never repeat the value. */
import { resolve } from "node:path";
import * as z from "zod";
import { type IpPrefix, parseIpAddress, parseIpPrefix } from "../domain/ip-address.ts";

/** A text that `parse` understands; `expected` says what that is. */
export function parsed<T>(expected: string, parse: (text: string) => T | undefined): z.ZodType<T, string> {
  return z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const value = parse(text);
    if (value === undefined) {
      context.addIssue({ code: "custom", message: `expected ${expected}` });
      return z.NEVER;
    }
    return value;
  });
}

/** A text that has this form. */
export function matching(expected: string, form: RegExp): z.ZodType<string, string> {
  return parsed(expected, (text) => (form.test(text) ? text : undefined));
}

/** One of these words. */
export function oneOf<const T extends string>(words: readonly T[]): z.ZodType<T, string> {
  return parsed(`one of ${words.join(", ")}`, (text) => words.find((word) => word === text));
}

/** A whole number in these bounds, written with digits. */
export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  return parsed(`a whole number from ${least} to ${most}`, (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  });
}

/** At least one item, separated by commas. */
export function listOf<T>(
  item: z.ZodType<T, string>,
  most = Number.POSITIVE_INFINITY,
): z.ZodType<T[], string> {
  return z.string().transform((text, context) => {
    const items = text.split(",").map((part) => item.safeParse(part.trim()));
    const wrong = items.find((checked) => !checked.success);
    if (wrong?.error !== undefined || items.length > most) {
      const message = wrong?.error?.issues[0]?.message ?? `expected at most ${most} values`;
      context.addIssue({ code: "custom", message: items.length > 1 ? `${message}, in each place` : message });
      return z.NEVER;
    }
    return items.flatMap((checked) => (checked.success ? [checked.data] : []));
  });
}

export const Port = wholeNumber(1, 65_535);

export const YesOrNo = oneOf(["true", "false"]).transform((word) => word === "true");

const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** A host name or an address. `1` and `010.1.2.3` are neither: tools read them as addresses nobody meant. */
export const Host = parsed("a host name or an IP address, without scheme or port", (text) => {
  const isName = hostName.test(text) && !/^[\d.]+$/.test(text);
  return isName ? text : parseIpAddress(text);
});

export const Prefix: z.ZodType<IpPrefix, string> = parsed(
  "an IP address or a network like 203.0.113.0/24 with no host bits set",
  parseIpPrefix,
);

/** Ten years. */
const mostSeconds = 3650 * 86_400;

const unitSeconds: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);

/** Seconds, written like `90s`, `30m`, `24h`, `7d`. */
export function duration(least = 1): z.ZodType<number, string> {
  const expected = `a duration like 90s, 30m, 24h or 7d, from ${least}s to 3650d`;
  return parsed(expected, (text) => {
    const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
    const seconds = Number(digits) * (unitSeconds.get(unit ?? "") ?? Number.NaN);
    return seconds >= least && seconds <= mostSeconds ? seconds : undefined;
  });
}

/** As `duration`; infinity when it has no end. */
export const durationOrPermanent: z.ZodType<number, string> = parsed(
  "a duration like 90s, 30m, 24h or 7d, from 1s to 3650d, or permanent",
  (text) => (text === "permanent" ? Number.POSITIVE_INFINITY : duration().safeParse(text).data),
);

/**
 * When something ends: `2027-01-31` (with the end of that day in UTC), or a moment with its time zone, `2027-01-31T18:00:00Z`.
 * Days that do not exist are refused.
 */
export const moment: z.ZodType<Date, string> = parsed(
  "a date like 2027-01-31, or a time with its zone like 2027-01-31T18:00:00Z",
  (text) => {
    const day = z.iso.date().safeParse(text).data;
    if (day !== undefined) {
      return new Date(Date.parse(day) + 86_400_000);
    }
    const time = z.iso.datetime({ offset: true }).safeParse(text).data;
    return time === undefined ? undefined : new Date(time);
  },
);

/** One bare mail address; not a list, no display name, nothing that a mail program could read as two. */
export const MailAddress = parsed("one bare mail address such as soc@example.com", (text) => {
  const [local = "", domain = "", ...rest] = text.split("@");
  const isLocal = /^(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local);
  return isLocal && rest.length === 0 && hostName.test(domain) ? text : undefined;
});

/** As `ssh-keygen -lf` prints it. */
export const HostKey = matching(
  "SHA256: and 43 characters, as `ssh-keygen -lf` prints it",
  /^SHA256:[A-Za-z0-9+/]{43}$/,
);

/** Goes into a header as it is. */
export const ApiKey = matching("a key of printable characters without spaces", /^[\x21-\x7e]{1,512}$/);

/** Stands in a URL's path. */
export const UrlToken = matching(
  "at least 16 of the characters A-Z a-z 0-9 - _ (up to 256)",
  /^[A-Za-z0-9_-]{16,256}$/,
);

export const BearerToken = matching(
  "at least 16 of the characters A-Z a-z 0-9 - . _ ~ + / = (up to 256)",
  /^[A-Za-z0-9._~+/=-]{16,256}$/,
);

export const SigningSecret = parsed("whsec_ and base64 of 24 to 64 bytes", (text) => {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, "base64");
  return bytes.length >= 24 && bytes.length <= 64 ? text : undefined;
});

/** A password: anything but line breaks. */
export const Password = matching("one line of text", /^[^\r\n\0]{1,1024}$/);

/** Without a slash at the end. */
export const ServiceUrl = parsed(
  "an https URL (http only to loopback) without user, query or fragment",
  (text) => {
    const url = URL.parse(text);
    if (url === null || url.username !== "" || url.password !== "" || /[?#\s]/.test(text)) {
      return undefined;
    }
    const isAllowed = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
    return isAllowed ? text.replace(/\/+$/, "") : undefined;
  },
);

/** True for `localhost`, 127.0.0.0/8 and ::1. No name is looked up. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  const ip = parseIpAddress(bare);
  return bare.toLowerCase() === "localhost" || ip === "::1" || (ip?.startsWith("127.") ?? false);
}

/**
 * `sqlite:<path>`, made absolute from `cwd`, or `postgres://…`. A database in memory is refused: what was answered with
 * 202 must outlive the process.
 */
export function databaseUrl(cwd: string): z.ZodType<string, string> {
  return parsed("sqlite: and a file's path, or postgres://user:password@host:port/database", (text) => {
    const path = /^sqlite:(?!\/\/[^/]|:)([^?#\0\r\n]+)$/.exec(text)?.[1];
    if (path !== undefined) {
      return `sqlite:${resolve(cwd, path)}`;
    }
    const isPostgres = /^postgres(?:ql)?:\/\/\S+$/.test(text) && URL.canParse(text);
    return isPostgres ? text.replace(/^postgresql:/, "postgres:") : undefined;
  });
}
