import type { ProviderConfig } from "../config/config.ts";
import type { QuotaWindow } from "../ports.ts";

type Limits = ProviderConfig["quota"];

const names = ["minute", "hour", "day", "week", "month"] as const;

/** What a plan allows: the defaults, where the settings say nothing else. */
export function quotaWindows(defaults: Limits, settings: Limits): readonly QuotaWindow[] {
  const limits = { ...defaults, ...settings };
  return names.flatMap((name) => {
    const limit = limits[name];
    return limit === undefined ? [] : [{ name, limit }];
  });
}

/** What a provider itself says about one window. */
export interface ToldWindow {
  readonly name: QuotaWindow["name"];
  readonly limit: number;
  readonly left: number;
  readonly resetsAt?: Date | undefined;
}

/** The provider's word counts, but a lower limit in the settings is kept: somebody else may need the rest. */
export function toldWindow({ name, limit, left, resetsAt }: ToldWindow, settings: Limits): QuotaWindow {
  const allowed = Math.min(limit, settings[name] ?? limit);
  const used = Math.max(0, limit - left);
  return {
    name,
    limit: allowed,
    left: Math.max(0, allowed - used),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  };
}
