import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { askApi, readAnswer } from "./ask-api.ts";

/** Which list is wanted. */
export interface WantedList {
  /** `/api/v1/blocks` */
  readonly path: string;
  /** Where the answer has it: `blocks`. */
  readonly key: string;
  /** Parameters of the query. */
  readonly query: Readonly<Record<string, string>>;
  readonly limit: number;
  readonly url: string | undefined;
}

export interface Listed {
  readonly items: readonly unknown[];
  /** There are more than the limit. */
  readonly more: boolean;
}

const mostPerPage = 500;

const Next = z.object({ next: z.string().nullish() });

/** A list, put together page by page until there are enough. @throws {AppError} API_UNREACHABLE, API_REFUSED */
export async function askPages(
  config: ReceiverConfig,
  { path, key, query, limit, url }: WantedList,
): Promise<Listed> {
  const Items = z.object({ [key]: z.array(z.unknown()) });
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const parameters = new URLSearchParams({
      limit: String(Math.min(mostPerPage, limit - items.length)),
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const body = await askApi(config, { method: "GET", path: `${path}?${parameters.toString()}`, url });
    items.push(...(readAnswer(body, Items)[key] ?? []));
    cursor = readAnswer(body, Next).next ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  return { items, more: cursor !== undefined };
}
