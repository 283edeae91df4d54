import type { Store } from "../ports.ts";

export interface FirewallLeaseOptions {
  readonly firewall: string;
  readonly holder: string;
  readonly store: Pick<Store, "leaseFirewall">;
  readonly now: () => Date;
  readonly elapsedMs: () => number;
}

const leaseMs = 30_000;

/**
 * Asks whether this process is the one that acts on the firewall. The lease is renewed when half of it is over, not at each
 * question: that would be a write to disk.
 */
export function createFirewallLease(options: FirewallLeaseOptions): () => Promise<boolean> {
  const { firewall, holder, store, now, elapsedMs } = options;
  let endsMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const startedMs = elapsedMs();
    if (endsMs - startedMs < leaseMs / 2) {
      const until = new Date(now().getTime() + leaseMs);
      const isOurs = await store.leaseFirewall(firewall, holder, now(), until);
      endsMs = isOurs ? startedMs + leaseMs : Number.NEGATIVE_INFINITY;
    }
    return endsMs > elapsedMs();
  };
}
