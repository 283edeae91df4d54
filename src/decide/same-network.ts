import type { NamedNetwork } from "../domain/network-index.ts";

/** True when both say the same of the same network. */
export function isSameNetwork(a: NamedNetwork, b: NamedNetwork): boolean {
  return a.prefix === b.prefix && a.why === b.why;
}
