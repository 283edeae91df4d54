import { AppError } from "../domain/errors.ts";
import { parseIpPrefix } from "../domain/ip-address.ts";
import { callReceiver, explain } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/** Lifts one block through the running receiver. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED */
export async function unblock(
  host: Host,
  address: string,
  options: { readonly url?: string },
): Promise<ExitCode> {
  const prefix = parseIpPrefix(address);
  if (prefix === undefined) {
    throw new AppError("CONFIG_INVALID", "that is not an IP address or a network", { retryable: false });
  }
  const config = await readConfig(host);
  const answer = await callReceiver(config, {
    method: "DELETE",
    path: `/api/v1/blocks/${prefix}`,
    url: options.url,
    asAdmin: true,
  });
  if (answer.status !== 200) {
    throw new AppError("API_REFUSED", explain(answer), { retryable: false });
  }
  host.out(
    `${prefix} is lifted: the firewalls are told now. Alerts can't block it again for ${config.policy.graceSeconds / 3600} h.\n`,
  );
  return 0;
}
