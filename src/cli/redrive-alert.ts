import { z } from "zod";
import { plural } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";

const RedrivenAnswer = z.object({
  wasFailed: z.boolean(),
  failed: z.number(),
  waiting: z.number(),
  decided: z.number(),
});

/** Takes up a stored alert again. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function redriveAlert(host: Host, id: string, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), {
    method: "POST",
    path: `/api/v1/alerts/${encodeURIComponent(id)}/redrive`,
    url,
  });
  const { wasFailed, failed, waiting, decided } = readAnswer(body, RedrivenAnswer);
  const again = failed + waiting;
  host.out(
    json === true
      ? shownJson(body)
      : [
          `Taken up again${wasFailed ? ", after it had failed" : ""}: its addresses are looked for with today's settings`,
          ...(again === 0
            ? []
            : [`${plural(again, "address", "addresses")} without a decision looked at at once`]),
          ...(decided === 0
            ? []
            : [
                `${plural(decided, "address", "addresses")} decided already, which stays (a new decision: "portcullis replay ${id}")`,
              ]),
        ].join("; ") + ".\n",
  );
  return 0;
}
