import type { Request } from "express";
import type { z } from "zod";

export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** The parameters after the `?`, each at most once. */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): Reading<T> {
  const { searchParams } = new URL(request.originalUrl, "http://localhost");
  const names = [...searchParams.keys()];
  if (new Set(names).size < names.length) {
    return { problem: "A parameter stands there twice." };
  }
  return readShape(Object.fromEntries(searchParams), schema);
}

/** @returns what is wrong in words that quote nothing of it */
export function readShape<T>(given: unknown, schema: z.ZodType<T>): Reading<T> {
  const { success, data, error } = schema.safeParse(given);
  if (success) {
    return { value: data };
  }
  const problems = error.issues.map(({ code, path, message }) =>
    code === "unrecognized_keys" ? message : `${path.map(String).join(".") || "body"}: ${message}`,
  );
  return { problem: `${problems.join("; ")}.` };
}
