import type { ExtractConfig } from "../config/config.ts";

const changed = new WeakMap<ExtractConfig, WeakMap<readonly string[], ExtractConfig>>();

/**
 * `config` with other fields for addresses; null: as it is. The same arguments give the same object, so that what `extractSightings` has
 * learnt about names of fields is kept between alerts.
 */
export function extractFor(config: ExtractConfig, fields: readonly string[] | null): ExtractConfig {
  if (fields === null) {
    return config;
  }
  const known = changed.get(config) ?? new WeakMap<readonly string[], ExtractConfig>();
  changed.set(config, known);
  const wanted = known.get(fields) ?? { ...config, fields };
  known.set(fields, wanted);
  return wanted;
}
