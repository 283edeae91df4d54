import type { Config } from "./config.ts";

/** True when blocks of some search may be put on firewalls. */
export function isEnforcing({ mode, searches }: Pick<Config, "mode" | "searches">): boolean {
  return mode !== "observe" || searches.some((search) => search.mode !== null && search.mode !== "observe");
}
