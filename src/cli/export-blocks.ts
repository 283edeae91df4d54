import { blockFormat } from "./block-format.ts";
import { download } from "./download.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { writeOutput } from "./write-output.ts";

export interface ExportOptions {
  /** `csv`, `json`, `jsonl`; left out: as the file's name ends, else JSON. */
  readonly format?: string;
  /** Path; left out: standard output. */
  readonly output?: string;
  readonly url?: string;
}

/** Writes all standing blocks as one file, which `import` can read. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function exportBlocks(
  host: Host,
  { format: said, output, url }: ExportOptions,
): Promise<ExitCode> {
  const format = blockFormat(said, output) ?? "json";
  const config = await readReceiver(host);
  const path = `/api/v1/blocks/export?format=${format}`;
  await writeOutput(host, output, (write) => download(config, { path, url, signal: host.stopSignal }, write));
  return 0;
}
