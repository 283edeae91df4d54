/** What the sections of `portcullis.yaml` are made of. */
import * as z from "zod";

/** An object without other keys than these. The problem's message lists them, so that a reader can suggest one. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : undefined),
  });
}

/** A whole number in these bounds. */
export function whole(least: number, most = 1_000_000, orElse = "") {
  const number = least === most ? String(least) : `a whole number from ${least} to ${most}`;
  const expected = `expected ${number}${orElse}`;
  return z.int({ error: expected }).min(least, { error: expected }).max(most, { error: expected });
}

export function count(least: number, most?: number) {
  return whole(least, most).optional();
}

/** The shape is chosen by the value, so that what is wrong is told about that shape alone. */
export function choice<T>(choose: (value: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const checked = choose(value).safeParse(value);
    if (checked.success) {
      return checked.data;
    }
    for (const issue of checked.error.issues) {
      context.issues.push(passedOn(issue, value));
    }
    return z.NEVER;
  });
}

/** The same issue for the shape around. Only of these kinds more than the message is read later. */
function passedOn(issue: z.core.$ZodIssue, input: unknown): z.core.$ZodRawIssue {
  const { message } = issue;
  const path = [...issue.path];
  if (issue.code === "unrecognized_keys") {
    return { code: issue.code, keys: issue.keys, message, path, input: {} };
  }
  if (issue.code === "invalid_type") {
    return { code: issue.code, expected: issue.expected, message, path, input };
  }
  return { code: "custom", message, path, input };
}

/** Null when it is the word `none`. */
export function orNone<T>(shape: z.ZodType<T>): z.ZodType<T | null> {
  const none = z.literal("none").transform(() => null);
  return choice<T | null>((value) => (value === "none" ? none : shape));
}

export const Switch = z.boolean({ error: "expected true or false" });
