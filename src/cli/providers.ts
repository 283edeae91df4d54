import { z } from "zod";
import { roughly } from "../operate/words.ts";
import { askApi, readAnswer, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { ProviderAnswer } from "./provider-answer.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { writeProviders } from "./write-providers.ts";

const ListAnswer = z.object({
  name: Shown,
  version: Shown,
  entries: z.number(),
  ageSeconds: z.number(),
});

const ProvidersAnswer = z.object({
  providers: z.array(ProviderAnswer),
  lists: z.array(ListAnswer),
  missingLists: z.array(Shown),
});

/** Prints who knows addresses, what is left of each budget, and the lists on the receiver's machine. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function providers(host: Host, { json, url }: AskOptions): Promise<ExitCode> {
  const body = await askApi(await readReceiver(host), { method: "GET", path: "/api/v1/providers", url });
  const { providers, lists, missingLists } = readAnswer(body, ProvidersAnswer);
  if (json === true) {
    host.out(shownJson(body));
    return 0;
  }
  const asked = providers.length === 0 ? "No provider is configured.\n" : writeProviders(providers);
  const rows = [...lists.map(listRow), ...missingLists.map((name) => [name, "-", "never", "-"])];
  const kept = rows.length === 0 ? "" : `\n${table([["list", "networks", "age", "version"], ...rows])}`;
  host.out(`${asked}${kept}`);
  return 0;
}

function listRow({ name, entries, ageSeconds, version }: z.infer<typeof ListAnswer>): readonly string[] {
  return [name, entries.toLocaleString("en-US"), roughly(ageSeconds * 1000), version];
}
