import type { PrefixListSource } from "../../ports.ts";
import { createListGet, type ListGet } from "../list-client.ts";
import { etagOf, listErrorOf } from "../status-errors.ts";
import { readDropList } from "./drop-list.ts";
import { spamhausLists } from "./listed-evidence.ts";

const service = "Spamhaus DROP";
const maxBytes = 4 * 1024 * 1024;
const dayS = 86_400;

export interface SpamhausOptions {
  /** Default is 500 for IPv4 and 20 for IPv6: about a third of what there is. */
  readonly leastEntries?: { readonly 4: number; readonly 6: number };
  readonly now?: () => Date;
}

/**
 * Spamhaus DROP: networks that belong to criminals as a whole. Free for all use, with credit. Who downloads more than once an hour is
 * shut out; once a day is enough.
 * @param url without a slash at the end, e.g. `https://www.spamhaus.org/drop`
 */
export function createSpamhausDrop(
  url: string,
  { leastEntries = { 4: 500, 6: 20 }, now = () => new Date() }: SpamhausOptions = {},
): readonly PrefixListSource[] {
  const get = createListGet({ service, baseUrl: url, maxBytes });
  return ([4, 6] as const).map((family) => ({
    name: spamhausLists[family],
    refreshSeconds: dayS,
    usableSeconds: 7 * dayS,
    leastEntries: leastEntries[family],
    download: (etag, signal) => download(get, `/drop_v${family}.json`, { etag, now }, signal),
  }));
}

async function download(
  get: ListGet,
  path: string,
  { etag, now }: { readonly etag: string | null; readonly now: () => Date },
  signal: AbortSignal,
): ReturnType<PrefixListSource["download"]> {
  const answer = await get(path, etag, signal);
  if (answer.status === 304 && etag !== null) {
    return "unchanged";
  }
  if (answer.status !== 200) {
    throw listErrorOf(service, answer, now());
  }
  return { etag: etagOf(answer), ...readDropList(service, answer.text) };
}
