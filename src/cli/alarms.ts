import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

const Alarms = z.object({
  alarms: z.array(z.object({ message: Shown, advice: Shown, raisedAt: z.coerce.date() })),
});

/** Prints the alarms that are open; exit code 1 when there is one. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function alarms(host: Host, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), { method: "GET", path: "/api/v1/alarms", url });
  const { alarms } = readAnswer(body, Alarms);
  const rows = alarms.map(({ message, advice, raisedAt }) => [utc(raisedAt), message, advice]);
  const none = 'No alarm is open; "portcullis status" tells everything.\n';
  const shown = rows.length === 0 ? none : table([["since", "what", "what to do"], ...rows]);
  host.out(json === true ? shownJson(body) : shown);
  return alarms.length === 0 ? 0 : 1;
}
