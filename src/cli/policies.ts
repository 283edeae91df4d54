import { z } from "zod";
import { utc } from "../notify/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";

const Policies = z.object({
  policies: z.array(z.object({ version: Shown, role: Shown, firstUsedAt: z.coerce.date() })),
});

/** Prints every policy that has decided; with --json what each says. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function policies(host: Host, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), { method: "GET", path: "/api/v1/policies", url });
  const { policies } = readAnswer(body, Policies);
  const rows = policies.map(({ version, role, firstUsedAt }) => [version, role, utc(firstUsedAt)]);
  const none = "No policy has decided yet.\n";
  const shown = rows.length === 0 ? none : table([["policy", "for", "since"], ...rows]);
  host.out(json === true ? shownJson(body) : shown);
  return 0;
}
