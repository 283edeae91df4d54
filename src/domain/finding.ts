import type { IpAddress } from "./ip-address.ts";

/** What one provider knows about one address. */
export interface Evidence {
  /** What rules compare, by name: `{ malicious: 8, suspicious: 1 }`. A number the provider did not send is absent, never 0. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What people read, in order: `["Network", "203.0.113.0/24"]`. Text from outside: escape it. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** The provider's page about the address. */
  readonly link: string;
}

interface About {
  readonly provider: string;
  readonly ip: IpAddress;
  readonly foundAt: Date;
}

/** What one provider says about one address. `unknown` and `failed` can neither confirm nor clear. */
export type Finding =
  | (About & { readonly status: "known"; readonly evidence: Evidence; readonly expiresAt: Date })
  | (About & { readonly status: "unknown"; readonly reason: string; readonly expiresAt: Date })
  | (About & { readonly status: "failed"; readonly reason: string });
