import type { ToldEvent, ToldKind, ToldValue } from "../../domain/told-event.ts";

/** Who tells, and where to. */
export interface Sender {
  readonly hostname: string;
  readonly version: string;
  /** Null: the token's own. */
  readonly index: string | null;
}

/**
 * An event as the HTTP Event Collector takes it: one JSON object. What has no value is left out, because Splunk would index the word `null`.
 * Source: Splunk, "Format events for HTTP Event Collector", read 2026-11.
 */
export function envelope({ id, kind, at, fields }: ToldEvent, sender: Sender): string {
  const told = Object.fromEntries(Object.entries(fields).filter(([, value]) => hasValue(value)));
  return wrap({ id, kind, at }, told, sender);
}

/** An event that can't be wrong, to find out whether any is taken. */
export function probe(sender: Sender, at: Date): string {
  return wrap({ id: `probe:${at.getTime()}`, kind: "probe", at }, {}, sender);
}

function wrap(
  { id, kind, at }: { readonly id: string; readonly kind: ToldKind | "probe"; readonly at: Date },
  told: Readonly<Record<string, ToldValue>>,
  { hostname, version, index }: Sender,
): string {
  return JSON.stringify({
    time: at.getTime() / 1000,
    host: hostname,
    source: "portcullis",
    sourcetype: `portcullis:${kind}`,
    ...(index === null ? {} : { index }),
    event: { event_id: id, kind, vendor_product: "Portcullis", product_version: version, ...told },
  });
}

function hasValue(value: ToldValue): boolean {
  return value !== null && !(Array.isArray(value) && value.length === 0);
}
