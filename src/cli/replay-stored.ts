import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { askApi, readAnswer } from "./ask-api.ts";

const StoredAlert = z.object({
  alert: z.object({ searchName: z.string().nullable() }),
  app: z.string().nullable(),
  owner: z.string().nullable(),
  settings: z.unknown(),
  rows: z.array(z.array(z.tuple([z.string(), z.array(z.string())]))),
});

/**
 * Sends a stored alert once more, as a delivery of its own: it gets new decisions. @returns what the receiver answered
 * @throws {AppError} API_UNREACHABLE, API_REFUSED
 */
export async function replayStored(
  config: ReceiverConfig,
  id: string,
  url: string | undefined,
): Promise<unknown> {
  const path = `/api/v1/alerts/${encodeURIComponent(id)}`;
  const stored = readAnswer(await askApi(config, { method: "GET", path, url }), StoredAlert);
  const { alert, app, owner, settings, rows } = stored;
  const results = rows.map((row) => Object.fromEntries(row));
  const sid = `replay_${crypto.randomUUID()}`;
  const body = { source: "replay", sid, searchName: alert.searchName ?? "", app, owner, settings, results };
  return askApi(config, { method: "POST", path: "/api/v1/alerts", body, url });
}
