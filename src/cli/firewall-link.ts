import type { Config, FirewallConfig } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { createScriptLink, type ScriptLink } from "../enforce/iptables-ssh/script-link.ts";
import type { Log } from "../ports.ts";

/** The firewall of that name. @throws {AppError} CONFIG_INVALID that lists those that are configured */
export function findFirewall({ firewalls }: Pick<Config, "firewalls">, name: string): FirewallConfig {
  const firewall = firewalls.find((one) => one.name === name);
  if (firewall !== undefined) {
    return firewall;
  }
  const names = firewalls.map((one) => one.name).join(", ");
  throw new AppError(
    "CONFIG_INVALID",
    names === ""
      ? "no firewall is configured: set SSH_HOST, or list them under firewalls: in portcullis.yaml"
      : `no firewall is called ${printable(name)}; configured: ${names}`,
    { retryable: false },
  );
}

/**
 * Works with the script on a firewall host and then ends the connection. What fails is thrown with what the host said made safe
 * to show.
 */
export async function withLink<T>(
  config: Pick<Config, "allowlist">,
  firewall: FirewallConfig,
  work: (link: ScriptLink) => Promise<T>,
): Promise<T> {
  const link = createScriptLink({
    config: firewall,
    log: silent,
    neverBlock: () => config.allowlist.map(({ prefix }) => prefix),
    connectMs: 10_000,
    // An inspection of a large rule set, or packets that are waited for in vain.
    silenceMs: 60_000,
  });
  try {
    return await work(link);
  } catch (error) {
    throw shown(error);
  } finally {
    link.close();
  }
}

/** The same failure, safe to show. */
export function shown(error: unknown): unknown {
  if (!(error instanceof AppError)) {
    return error;
  }
  const { code, message, retryable } = error;
  return new AppError(code, printable(message), { retryable, cause: error });
}

/** A command tells its user; there is no log beside it. */
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
