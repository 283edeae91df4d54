import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/** Says that the settings are right. @throws {AppError} CONFIG_INVALID with every problem */
export async function checkConfig(host: Host): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false, tellWarnings: true });
  host.out(
    `The settings are valid. Mode ${config.mode}, ${config.firewalls.length} firewall(s), policy ${config.policy.version}.\n`,
  );
  return 0;
}
