import type { Config } from "./config.ts";
import type { ConfigSources } from "./load-config.ts";
import { createProblems } from "./problems.ts";
import { readListening } from "./read-listening.ts";
import { readSecretSettings } from "./read-secret-settings.ts";
import { readTls } from "./read-tls.ts";
import { createSettingReader } from "./setting-reader.ts";

/** What it takes to talk to the running receiver. */
export type ReceiverConfig = Pick<Config, "host" | "port" | "tls" | "adminToken" | "webhookTokens">;

/**
 * Reads where the receiver listens and the secrets to show it, and nothing else; writes nothing.
 * @throws {AppError} CONFIG_INVALID with every problem of these settings
 */
export function loadReceiverConfig({
  env,
  cwd,
  now = () => new Date(),
}: Pick<ConfigSources, "env" | "cwd" | "now">): ReceiverConfig {
  const problems = createProblems();
  const reader = createSettingReader(env, cwd, problems);
  const { dataDir, host, port } = readListening(reader, cwd);
  const silent = (): void => undefined;
  const tls = readTls(reader, now(), problems, silent);
  const { adminToken, webhookTokens } = readSecretSettings(reader, {
    dataDir,
    write: false,
    problems,
    warn: silent,
  });
  problems.throwIfAny([]);
  return { host, port, tls, adminToken, webhookTokens };
}
