import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { defaultPolicy } from "../decide/default-policy.ts";
import { policyVersion } from "../decide/policy-version.ts";
import { defaultExtract } from "../extract/default-extract.ts";
import type { Host } from "./host.ts";

/**
 * The configuration of this process; prints warnings.
 * @param options writeSecrets: false for a command that only looks, so that the first start still shows what it generates
 * @throws {AppError} CONFIG_INVALID with every problem
 */
export async function readConfig(
  host: Host,
  { writeSecrets = true }: { readonly writeSecrets?: boolean } = {},
): Promise<Config> {
  const { config, warnings } = await loadConfig({
    env: host.env,
    cwd: host.cwd,
    hostname: host.hostname,
    defaults: { policy: defaultPolicy, extract: defaultExtract },
    policyVersion,
    writeSecrets,
  });
  for (const warning of warnings) {
    host.err(`warning: ${warning}\n`);
  }
  return config;
}
