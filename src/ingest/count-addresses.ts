import type { Alert } from "../domain/alert.ts";

/** Rows looked at before others get their turn: about 25 ms. Not fewer: each turn may be a long one of the pipeline's. */
const rowsAtOnce = 10_000;

/**
 * How many addresses an alert names. One with very many rows is counted in parts, so that other deliveries are answered meanwhile.
 * @param extract the sightings of an alert
 */
export function countAddresses<Named extends Pick<Alert, "rows">>(
  alert: Named,
  extract: (part: Named) => readonly { readonly ip: string }[],
): number | Promise<number> {
  return alert.rows.length <= rowsAtOnce ? extract(alert).length : countInParts(alert, extract);
}

async function countInParts<Named extends Pick<Alert, "rows">>(
  alert: Named,
  extract: (part: Named) => readonly { readonly ip: string }[],
): Promise<number> {
  const seen = new Set<string>();
  for (let start = 0; start < alert.rows.length; start += rowsAtOnce) {
    for (const { ip } of extract({ ...alert, rows: alert.rows.slice(start, start + rowsAtOnce) })) {
      seen.add(ip);
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return seen.size;
}
