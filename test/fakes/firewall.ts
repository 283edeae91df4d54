import type { AppError } from "../../src/domain/errors.ts";
import type { IpAddress, IpPrefix } from "../../src/domain/ip-address.ts";
import type {
  Applied,
  ChangeResult,
  Drops,
  Firewall,
  FirewallChange,
  FirewallState,
} from "../../src/ports.ts";

/** A firewall in memory, with switches for what goes wrong. Its time-outs do not run. */
export interface FakeFirewall extends Firewall {
  readonly entries: Map<IpPrefix, number>;
  /** What each entry has dropped. */
  readonly drops: Map<IpPrefix, Drops>;
  readonly calls: ("read" | { readonly apply: readonly FirewallChange[]; readonly isRebuild?: true })[];
  /** How often `checkUp` was called. */
  checkUps: number;
  faults: string[];
  /** Thrown by every call while it is set. */
  down: AppError | undefined;
  /** What becomes of an add of this network instead of `verified`. */
  readonly troubled: Map<IpPrefix, Pick<ChangeResult, "outcome" | "reason">>;
  ownAddresses: readonly IpAddress[];
  capacity: FirewallState["capacity"];
  /** What `checkUp` answers; null: all is well. */
  notUp: string | null;
}

export function createFakeFirewall(name: string): FakeFirewall {
  const firewall: FakeFirewall = {
    name,
    entries: new Map(),
    drops: new Map(),
    calls: [],
    checkUps: 0,
    faults: [],
    down: undefined,
    troubled: new Map(),
    ownAddresses: [],
    capacity: null,
    notUp: null,
    read() {
      firewall.calls.push("read");
      const state: FirewallState = {
        entries: new Map(firewall.entries),
        drops: new Map(firewall.drops),
        capacity: firewall.capacity,
        faults: [...firewall.faults],
        ownAddresses: firewall.ownAddresses,
      };
      return firewall.down === undefined ? Promise.resolve(state) : Promise.reject(firewall.down);
    },
    apply(changes) {
      firewall.calls.push({ apply: changes });
      return firewall.down === undefined
        ? Promise.resolve(applyTo(firewall, changes))
        : Promise.reject(firewall.down);
    },
    rebuild(all) {
      firewall.calls.push({ apply: all, isRebuild: true });
      if (firewall.down !== undefined) {
        return Promise.reject(firewall.down);
      }
      firewall.entries.clear();
      return Promise.resolve(applyTo(firewall, all));
    },
    checkUp() {
      firewall.checkUps += 1;
      return Promise.resolve(firewall.down?.message ?? firewall.notUp);
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
