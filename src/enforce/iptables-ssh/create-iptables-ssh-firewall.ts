import type { FirewallConfig } from "../../config/config.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { Applied, Firewall, FirewallChange, Log } from "../../ports.ts";
import { readApplied, readState, requestLine } from "./answers.ts";
import { createScriptLink } from "./script-link.ts";

export interface IptablesSshDeps {
  readonly log: Log;
  /** Networks that the host must refuse to drop, besides those it knows of itself. */
  readonly neverBlock: () => readonly IpPrefix[];
  readonly timeouts?: {
    /** For the TCP connection, and again for handshake and login. Default 10,000. */
    readonly connectMs?: number;
    /** For how long the host may stay silent while it works. Default 15,000. */
    readonly silenceMs?: number;
  };
}

/** Above this, reading the changes byte by byte and asking for each again would take longer than starting a shell. */
const sessionChanges = 1000;

/** A few MB and a few seconds. */
const batchChanges = 100_000;

/**
 * A Linux host with iptables, reached by SSH. Nothing is installed there: the script `portcullis-fw.sh` is sent along. The
 * connection and one run of the script stay open, so that a change costs one round trip.
 */
export function createIptablesSshFirewall(config: FirewallConfig, deps: IptablesSshDeps): Firewall {
  const link = createScriptLink({
    config,
    log: deps.log,
    neverBlock: deps.neverBlock,
    connectMs: deps.timeouts?.connectMs ?? 10_000,
    silenceMs: deps.timeouts?.silenceMs ?? 15_000,
  });
  return {
    name: config.name,
    async read(signal) {
      return readState(await link.ask({ lines: ["read"], isLarge: false }, signal));
    },
    async apply(changes, signal) {
      const applied: Applied[] = [];
      for (const part of partsOf(changes)) {
        const request = { lines: part.map(requestLine), isLarge: part.length > sessionChanges };
        applied.push(readApplied(part, await link.ask(request, signal)));
      }
      return {
        results: applied.flatMap(({ results }) => results),
        repaired: applied.flatMap(({ repaired }) => repaired),
      };
    },
    close() {
      link.close();
      return Promise.resolve();
    },
  };
}

/** At least one part: a request without changes puts the drop rules in place. */
function partsOf(changes: readonly FirewallChange[]): readonly (readonly FirewallChange[])[] {
  const parts = [changes.slice(0, batchChanges)];
  for (let start = batchChanges; start < changes.length; start += batchChanges) {
    parts.push(changes.slice(start, start + batchChanges));
  }
  return parts;
}
