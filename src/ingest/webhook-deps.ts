import type { Alert } from "../domain/alert.ts";
import type { IpPrefix } from "../domain/ip-address.ts";
import type { AcceptAlert, Log, Store } from "../ports.ts";
import type { Admission } from "./admission.ts";
import type { Refusals } from "./refusals.ts";

/** What both routes of the webhook need. */
export interface WebhookDeps {
  readonly store: Pick<Store, "keepUnreadable">;
  readonly log: Log;
  readonly now: () => Date;
  readonly accept: AcceptAlert;
  /** How many addresses the alert names; told to the sender. */
  readonly countAddresses: (alert: Alert) => number | Promise<number>;
  readonly tokens: readonly string[];
  /** `whsec_…`: one, or two during rotation. */
  readonly signingSecrets: readonly string[];
  /** Null: any. */
  readonly sources: readonly IpPrefix[] | null;
  readonly behindProxy: boolean;
  /** With TLS and a client CA: only connections with a certificate of that CA. */
  readonly clientCertificateRequired: boolean;
  /** Most deliveries a minute; null: no limit. */
  readonly rates: { readonly perSource: number | null; readonly perToken: number | null };
  readonly admissions: { readonly known: Admission; readonly unproved: Admission };
  readonly refusals: Refusals;
}
