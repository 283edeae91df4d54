/** True for a URL whose path is that of our webhook with one of these tokens, whatever a proxy puts before it and whoever's host it is. */
export function leadsToUs(url: string, tokens: readonly string[]): boolean {
  const path = URL.parse(url)?.pathname.replace(/\/+$/, "");
  return path !== undefined && tokens.some((token) => path.endsWith(`/webhooks/splunk/${token}`));
}
