import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";
import { signedUrl, webhookUrl } from "./urls.ts";

/** Prints the secrets: the one command that does. @throws {AppError} CONFIG_INVALID */
export async function secrets(host: Host): Promise<ExitCode> {
  const config = await readConfig(host);
  const lines = [
    `Webhook URL for Splunk   ${webhookUrl(config, host.hostname)}`,
    `Signed deliveries        ${signedUrl(config, host.hostname)}`,
    `WEBHOOK_TOKEN            ${config.webhookTokens.join(",")}`,
    `WEBHOOK_SIGNING_SECRET   ${config.webhookSigningSecrets.join(",")}`,
    `ADMIN_TOKEN              ${config.adminToken}`,
  ];
  host.out(`${lines.join("\n")}\n`);
  return 0;
}
