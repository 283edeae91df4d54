/** The address as a link, or null when it is not a plain http(s) one. */
export function webLink(text: string | null): string | null {
  const url = text === null || text.length > 2000 ? null : URL.parse(text);
  const isWeb = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return isWeb ? url.href : null;
}
