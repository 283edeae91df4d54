import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { askApi, readAnswer, Shown } from "./ask-api.ts";

const Firewalls = z.object({
  firewalls: z.array(
    z.object({
      name: Shown,
      enabled: z.boolean(),
      state: Shown,
      unreachableSince: z.coerce.date().nullable(),
      error: Shown.nullable(),
    }),
  ),
});

/** How one firewall is, as the API tells it; the part that commands about blocks show. */
export type FirewallAnswer = z.infer<typeof Firewalls>["firewalls"][number];

/** Those that are configured, by name. @throws {AppError} API_UNREACHABLE, API_REFUSED */
export async function askFirewalls(
  config: ReceiverConfig,
  url: string | undefined,
): Promise<ReadonlyMap<string, FirewallAnswer>> {
  const body = await askApi(config, { method: "GET", path: "/api/v1/firewalls", url });
  return new Map(readAnswer(body, Firewalls).firewalls.map((one) => [one.name, one]));
}
