import { wrongArgument } from "./wrong-argument.ts";

/** How a file of blocks is written. */
export type BlockFormat = "csv" | "json" | "jsonl";

const formats: ReadonlyMap<string, BlockFormat> = new Map([
  ["csv", "csv"],
  ["json", "json"],
  ["jsonl", "jsonl"],
  ["ndjson", "jsonl"],
]);

/** As it was said, or as the file's name ends; undefined when neither tells. @throws {AppError} CONFIG_INVALID */
export function blockFormat(said: string | undefined, file: string | undefined): BlockFormat | undefined {
  if (said === undefined) {
    return formats.get(/\.([a-z]+)$/i.exec(file ?? "")?.[1]?.toLowerCase() ?? "");
  }
  const format = formats.get(said.toLowerCase());
  if (format === undefined) {
    throw wrongArgument("--format: expected csv, json or jsonl");
  }
  return format;
}
