import type { Config } from "../config/config.ts";

/** Where a program on this machine reaches the receiver. */
export function localUrl(config: Config): string {
  return urlOf(config, isAnyAddress(config.host) ? "127.0.0.1" : config.host);
}

/** What to paste into Splunk. Holds the token. */
export function webhookUrl(config: Config, hostname: string): string {
  const base = urlOf(config, isAnyAddress(config.host) ? hostname : config.host);
  return `${base}/webhooks/splunk/${config.webhookTokens[0] ?? ""}`;
}

function isAnyAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function urlOf({ tls, port }: Config, host: string): string {
  return `${tls === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
