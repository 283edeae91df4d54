import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { defaultPolicy } from "../decide/default-policy.ts";
import { policyVersion } from "../decide/policy-version.ts";
import { defaultExtract } from "../extract/default-extract.ts";
import type { Host } from "./host.ts";

/**
 * The configuration of this process.
 * @param options writeSecrets: false for a command that only looks, so that the first start still shows what it generates; tellWarnings:
 *   print them, for a command whose business the settings as a whole are
 * @throws {AppError} CONFIG_INVALID with every problem
 */
export async function readConfig(
  host: Host,
  {
    writeSecrets = true,
    tellWarnings = false,
  }: { readonly writeSecrets?: boolean; readonly tellWarnings?: boolean } = {},
): Promise<Config> {
  const { config, warnings } = await loadConfig({
    env: host.env,
    cwd: host.cwd,
    hostname: host.hostname,
    defaults: { policy: defaultPolicy, extract: defaultExtract },
    policyVersion,
    writeSecrets,
  });
  for (const warning of tellWarnings ? warnings : []) {
    host.err(`warning: ${warning}\n`);
  }
  return config;
}
