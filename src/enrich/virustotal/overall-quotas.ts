import { z } from "zod";
import type { ProviderConfig } from "../../config/config.ts";
import type { QuotaWindow } from "../../ports.ts";
import { toldWindow } from "../quota-windows.ts";

const Counted = z.object({ allowed: z.number().nonnegative(), used: z.number().nonnegative() });
type Counted = z.infer<typeof Counted>;

/** A company's key has a part of its group's budget besides its own. */
const Allowance = z
  .object({
    user: Counted.nullish().catch(undefined),
    group: Counted.nullish().catch(undefined),
  })
  .nullish()
  .catch(undefined);

/**
 * VirusTotal API v3, answer of `GET /users/{id}/overall_quotas`; only what we use. Any part may be absent.
 * Source: docs.virustotal.com, "Get user's overall quotas".
 */
export const OverallQuotas = z.object({
  data: z.object({
    api_requests_hourly: Allowance,
    api_requests_daily: Allowance,
    api_requests_monthly: Allowance,
  }),
});
export type OverallQuotas = z.infer<typeof OverallQuotas>;

/**
 * What the key may do. VirusTotal counts minutes too, but tells hours: a 60th of an hour's is a minute's. Days begin at 00:00 UTC,
 * months on their first.
 */
export function windowsOf(
  { data }: OverallQuotas,
  settings: ProviderConfig["quota"],
  now: Date,
): readonly QuotaWindow[] {
  const hour = narrowest(data.api_requests_hourly);
  const day = narrowest(data.api_requests_daily);
  const month = narrowest(data.api_requests_monthly);
  const perMinute = hour && Math.max(1, Math.floor(hour.limit / 60));
  return [
    ...(perMinute === undefined
      ? []
      : [{ name: "minute" as const, limit: Math.min(perMinute, settings.minute ?? perMinute) }]),
    ...(day ? [toldWindow({ name: "day", ...day, resetsAt: nextDay(now) }, settings)] : []),
    ...(month ? [toldWindow({ name: "month", ...month, resetsAt: nextMonth(now) }, settings)] : []),
  ];
}

/** Of the key's own budget and its group's, the one of which less is left. */
function narrowest(allowance: z.infer<typeof Allowance>): { limit: number; left: number } | undefined {
  const parts = [allowance?.user, allowance?.group].flatMap((part: Counted | null | undefined) =>
    part ? [{ limit: part.allowed, left: Math.max(0, part.allowed - part.used) }] : [],
  );
  return parts.toSorted((a, b) => a.left - b.left)[0];
}

function nextDay(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}

function nextMonth(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
}
