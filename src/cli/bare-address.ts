/** `203.0.113.5/32` → `203.0.113.5`; a wider network stays as it is. */
export function bareAddress(prefix: string): string {
  return prefix.replace(prefix.includes(":") ? /\/128$/ : /\/32$/, "");
}
