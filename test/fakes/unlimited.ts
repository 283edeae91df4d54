import type { BlastLimits } from "../../src/domain/policy.ts";

export const unlimited: BlastLimits = {
  perMinute: null,
  perHour: null,
  perSearch: null,
  perNetwork: null,
  perAs: null,
  active: null,
};
