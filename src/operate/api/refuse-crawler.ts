import type { IpAddress } from "../../domain/ip-address.ts";
import type { Caller } from "./caller.ts";
import type { ApiDeps } from "./deps.ts";
import type { Refusal } from "./route.ts";

/** Whether a person may block this address although it is a crawler's: an administrator who says `force`. @param ip undefined: it is none */
export async function refuseCrawler(
  { confirmCrawler }: Pick<ApiDeps, "confirmCrawler">,
  ip: IpAddress | undefined,
  {
    caller,
    force,
    signal,
  }: { readonly caller: Caller; readonly force: boolean; readonly signal: AbortSignal },
): Promise<Refusal | null> {
  if (ip === undefined || (force && caller.role === "administrator")) {
    return null;
  }
  const why = await confirmCrawler(ip, signal);
  if (signal.aborted) {
    return { problem: "CONFLICT", detail: "It was not done: nobody waited for the answer." };
  }
  return why === null
    ? null
    : {
        problem: "CONFLICT",
        detail: `${ip} was not blocked: ${why}. An administrator may say "force": true.`,
      };
}
