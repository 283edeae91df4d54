import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { ExitCode, Host } from "./host.ts";
import type { ListOptions } from "./list-page.ts";
import { readAfter } from "./read-after.ts";
import { readLimit } from "./read-limit.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

export interface ReceiptListOptions extends ListOptions {
  /** Digits: the number of the last receipt already known. */
  readonly after?: string;
}

const RawPage = z.object({ receipts: z.array(z.unknown()), next: z.number().nullable() });

const Listed = z.object({
  seq: z.number(),
  at: z.coerce.date(),
  kind: Shown,
  subject: Shown,
  actor: Shown,
});

const mostPerPage = 500;

/** Lists receipts, oldest first, from the one after `after`. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function receiptList(
  host: Host,
  { after, limit: wanted, json, url }: ReceiptListOptions,
): Promise<ExitCode> {
  const limit = readLimit(wanted);
  let next: number | null = readAfter(after);
  const config = await readReceiver(host);
  const items: unknown[] = [];
  do {
    const path = `/api/v1/receipts?after=${next}&limit=${Math.min(mostPerPage, limit - items.length)}`;
    const page: z.infer<typeof RawPage> = readAnswer(
      await askApi(config, { method: "GET", path, url }),
      RawPage,
    );
    items.push(...page.receipts);
    next = page.next;
  } while (next !== null && items.length < limit);
  if (json === true) {
    host.out(shownJson({ receipts: items, next }));
    return 0;
  }
  const rows = readAnswer(items, z.array(Listed)).map(({ seq, at, kind, subject, actor }) => [
    String(seq),
    utc(at),
    kind,
    subject,
    actor,
  ]);
  const shown =
    rows.length === 0 ? "There is no receipt.\n" : table([["number", "at", "kind", "about", "by"], ...rows]);
  host.out(
    `${shown}${next === null || !(await isMore(config, next, url)) ? "" : `… and more: --after ${next} shows them\n`}`,
  );
  return 0;
}

/** A full page says only that there may be another. */
async function isMore(config: ReceiverConfig, after: number, url: string | undefined): Promise<boolean> {
  const path = `/api/v1/receipts?after=${after}&limit=1`;
  return readAnswer(await askApi(config, { method: "GET", path, url }), RawPage).receipts.length > 0;
}
