import type { FirewallConfig } from "../../config/config.ts";
import { messageOf } from "../../domain/errors.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { Applied, Firewall, FirewallAddition, FirewallChange, Log } from "../../ports.ts";
import { readApplied, readState, requestLine, silentGateways } from "./answers.ts";
import { createScriptLink, type ScriptLink } from "./script-link.ts";

export interface IptablesSshDeps {
  readonly log: Log;
  /** Networks that the host must refuse to drop, besides those it knows of itself. */
  readonly neverBlock: () => readonly IpPrefix[];
  readonly timeouts?: {
    /** For the TCP connection, and again for handshake and login, of each hop. Default 10,000. */
    readonly connectMs?: number;
    /** For how long the host may stay silent while it works. Default 15,000. */
    readonly silenceMs?: number;
  };
  /** What one transaction of a kernel is asked for; a rebuild of more changes what stands, in parts. Default 200,000. */
  readonly mostAtOnce?: number;
}

/** Above this, reading the changes byte by byte and asking for each again would take longer than starting a shell. */
const sessionChanges = 1000;

/** A few MB and a few seconds. */
const batchChanges = 100_000;

/**
 * A Linux host with iptables or nftables, reached by SSH. Nothing is installed there unless it is asked for: the script
 * `portcullis-fw.sh` is sent along. The connection and one run of the script stay open, so that a change costs one round trip.
 */
export function createIptablesSshFirewall(config: FirewallConfig, deps: IptablesSshDeps): Firewall {
  const openLink = (neverBlock: () => readonly IpPrefix[]): ScriptLink =>
    createScriptLink({ config, log: deps.log, neverBlock, ...deps.timeouts });
  const link = openLink(deps.neverBlock);
  const mostAtOnce = deps.mostAtOnce ?? 200_000;
  const read: Firewall["read"] = async (signal) =>
    readState(await link.ask({ lines: ["read"], isLarge: false }, signal));
  const apply: Firewall["apply"] = async (changes, signal) => {
    const applied: Applied[] = [];
    for (const part of partsOf(changes)) {
      const request = { lines: part.map(requestLine), isLarge: part.length > sessionChanges };
      applied.push(readApplied(part, await link.ask(request, signal)));
    }
    return {
      results: applied.flatMap(({ results }) => results),
      repaired: applied.flatMap(({ repaired }) => repaired),
    };
  };
  /** A host without a default route is well, one that loses it is not. */
  let hadRoute = false;
  return {
    name: config.name,
    read,
    apply,
    async rebuild(all, signal) {
      if (all.length > mostAtOnce) {
        return withoutRemovals(await apply([...(await foreignTo(all, read, signal)), ...all], signal));
      }
      const request = { lines: ["rebuild", ...all.map(requestLine)], isLarge: true };
      return readApplied(all, await link.ask(request, signal));
    },
    async checkUp(signal) {
      const fresh = openLink(() => []);
      try {
        const answer = await fresh.ask({ lines: ["route"], isLarge: true }, signal);
        const hasRoute = answer.some((line) => /^gateway \S+ /.test(line));
        const lost = hadRoute && !hasRoute ? "it has no default route any more" : null;
        hadRoute ||= hasRoute;
        return lost ?? silentGateways(answer);
      } catch (error) {
        signal.throwIfAborted();
        return messageOf(error);
      } finally {
        fresh.close();
      }
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

/** Removes what stands and should not. */
async function foreignTo(
  all: readonly FirewallAddition[],
  read: Firewall["read"],
  signal: AbortSignal,
): Promise<readonly FirewallChange[]> {
  const wanted = new Set(all.map(({ prefix }) => prefix));
  const { entries } = await read(signal);
  return [...entries.keys()]
    .filter((prefix) => !wanted.has(prefix))
    .map((prefix) => ({ kind: "remove", prefix }));
}

function withoutRemovals({ results, repaired }: Applied): Applied {
  return { results: results.filter(({ change }) => change.kind === "add"), repaired };
}
