import { z } from "zod";
import { readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { askPages } from "./ask-pages.ts";
import type { ExitCode, Host } from "./host.ts";
import { moreWords } from "./more-words.ts";
import { readLimit } from "./read-limit.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

export interface ListOptions extends AskOptions {
  /** Digits. */
  readonly limit?: string;
}

/** A list of the API as a table. */
export interface ListPlan<T> {
  readonly path: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly schema: z.ZodType<T>;
  readonly head: readonly string[];
  readonly row: (item: T) => readonly string[];
  /** Said under the table when there is something, as a line. */
  readonly hint?: (first: T) => string;
  /** Said when there is nothing, as a line. */
  readonly empty: string;
}

/** Prints a list, newest first. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function listPage<T>(
  host: Host,
  { json, url, limit: wanted }: ListOptions,
  { path, key, query = {}, schema, head, row, hint, empty }: ListPlan<T>,
): Promise<ExitCode> {
  const limit = readLimit(wanted);
  const { items, more } = await askPages(await readReceiver(host), { path, key, query, limit, url });
  if (json === true) {
    host.out(shownJson({ [key]: items, more }));
    return 0;
  }
  const read = readAnswer(items, z.array(schema));
  const shown = read.length === 0 ? empty : table([head, ...read.map(row)]);
  const [first] = read;
  const told = first === undefined ? "" : (hint?.(first) ?? "");
  host.out(`${shown}${more ? moreWords(read.length) : ""}${told}`);
  return 0;
}
