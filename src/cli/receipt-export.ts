import { download } from "./download.ts";
import type { ExitCode, Host } from "./host.ts";
import { readAfter } from "./read-after.ts";
import { readReceiver } from "./read-receiver.ts";
import { writeOutput } from "./write-output.ts";

export interface ReceiptExportOptions {
  /** Path; left out: standard output. */
  readonly output?: string;
  readonly after?: string;
  readonly url?: string;
}

/** Writes all receipts as JSON lines, oldest first. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function receiptExport(
  host: Host,
  { output, after, url }: ReceiptExportOptions,
): Promise<ExitCode> {
  const path = `/api/v1/receipts/export?after=${readAfter(after)}`;
  const config = await readReceiver(host);
  await writeOutput(host, output, (write) => download(config, { path, url, signal: host.stopSignal }, write));
  return 0;
}
