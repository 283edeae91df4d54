import type { Config } from "../config/config.ts";
import { receiverUrl } from "../ingest/receiver-url.ts";

/** Where a program on this machine reaches the receiver. */
export function localUrl(config: Pick<Config, "host" | "port" | "tls">): string {
  return receiverUrl({ ...config, isTls: config.tls !== null }, "127.0.0.1");
}

/** What to paste into Splunk. Holds the token. */
export function webhookUrl(config: Config, hostname: string): string {
  const base = receiverUrl({ ...config, isTls: config.tls !== null }, hostname);
  return `${base}/webhooks/splunk/${config.webhookTokens[0] ?? ""}`;
}
