import { showConfig as format } from "../config/show-config.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/** Prints every setting, secrets masked. @throws {AppError} CONFIG_INVALID */
export async function showConfig(host: Host): Promise<ExitCode> {
  host.out(format(await readConfig(host, { writeSecrets: false })));
  return 0;
}
