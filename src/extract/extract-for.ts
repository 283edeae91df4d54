import type { ExtractConfig } from "../config/config.ts";

const changed = new WeakMap<ExtractConfig, Map<string, ExtractConfig>>();

/** More lists of fields than searches have; who writes others in every alert costs only time. */
const mostRemembered = 1000;

/**
 * `config` with other fields for addresses; null: as it is. The same fields give the same object, so that what `extractSightings` has
 * learnt about names of fields is kept between alerts.
 */
export function extractFor(config: ExtractConfig, fields: readonly string[] | null): ExtractConfig {
  if (fields === null) {
    return config;
  }
  const known = changed.get(config) ?? new Map<string, ExtractConfig>();
  changed.set(config, known);
  const key = JSON.stringify(fields);
  const wanted = known.get(key) ?? { ...config, fields };
  if (known.size >= mostRemembered && !known.has(key)) {
    known.clear();
  }
  known.set(key, wanted);
  return wanted;
}
