import type { AppError } from "../../src/domain/errors.ts";
import type { IpAddress, IpPrefix } from "../../src/domain/ip-address.ts";
import type { Applied, ChangeResult, Firewall, FirewallChange } from "../../src/ports.ts";

/** A firewall in memory, with switches for what goes wrong. Its time-outs do not run. */
export interface FakeFirewall extends Firewall {
  readonly entries: Map<IpPrefix, number>;
  readonly calls: ("read" | { readonly apply: readonly FirewallChange[] })[];
  faults: string[];
  /** Thrown by every call while it is set. */
  down: AppError | undefined;
  /** What becomes of an add of this network instead of `verified`. */
  readonly troubled: Map<IpPrefix, Pick<ChangeResult, "outcome" | "reason">>;
  ownAddresses: readonly IpAddress[];
}

export function createFakeFirewall(name: string): FakeFirewall {
  const firewall: FakeFirewall = {
    name,
    entries: new Map(),
    calls: [],
    faults: [],
    down: undefined,
    troubled: new Map(),
    ownAddresses: [],
    read() {
      firewall.calls.push("read");
      return firewall.down === undefined
        ? Promise.resolve({
            entries: new Map(firewall.entries),
            faults: [...firewall.faults],
            ownAddresses: firewall.ownAddresses,
          })
        : Promise.reject(firewall.down);
    },
    apply(changes) {
      firewall.calls.push({ apply: changes });
      return firewall.down === undefined
        ? Promise.resolve(applyTo(firewall, changes))
        : Promise.reject(firewall.down);
    },
    close: () => Promise.resolve(),
  };
  return firewall;
}

function applyTo(firewall: FakeFirewall, changes: readonly FirewallChange[]): Applied {
  const repaired = firewall.faults;
  firewall.faults = [];
  const results = changes.map((change): ChangeResult => {
    if (change.kind === "remove") {
      firewall.entries.delete(change.prefix);
      return { change, outcome: "verified", reason: "" };
    }
    const trouble = firewall.troubled.get(change.prefix);
    if (trouble === undefined) {
      firewall.entries.set(change.prefix, change.seconds);
    }
    return { change, outcome: "verified", reason: "", ...trouble };
  });
  return { results, repaired };
}
