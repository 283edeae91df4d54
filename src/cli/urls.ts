import type { Config } from "../config/config.ts";
import { receiverUrl } from "../ingest/receiver-url.ts";

/** Where a program on this machine reaches the receiver. */
export function localUrl(config: Pick<Config, "host" | "port" | "tls">): string {
  return receiverUrl({ ...config, isTls: config.tls !== null }, "127.0.0.1");
}

/** What to paste into Splunk. Holds the token. */
export function webhookUrl(config: Config, hostname: string): string {
  return `${signedUrl(config, hostname)}/${config.webhookTokens[0] ?? ""}`;
}

/** Where signed deliveries go. Holds no secret. */
export function signedUrl(config: Pick<Config, "host" | "port" | "tls">, hostname: string): string {
  return `${receiverUrl({ ...config, isTls: config.tls !== null }, hostname)}/webhooks/splunk`;
}
