import type { ProtectionConfig } from "../config/config.ts";
import { messageOf } from "../domain/errors.ts";
import { familyOf, type IpPrefix, lengthOf, parseIpPrefix } from "../domain/ip-address.ts";
import type { NamedNetwork } from "../domain/network-index.ts";
import type { Log, PrefixListRecord, Store } from "../ports.ts";
import { keepUnchanged } from "./keep-unchanged.ts";
import { isSameNetwork } from "./same-network.ts";
import { cloudflareRanges } from "./vendored/cloudflare.ts";
import { fastlyRanges } from "./vendored/fastly.ts";
import type { VendoredRanges } from "./vendored/vendored-ranges.ts";

export interface CdnRangesDeps {
  /** Those that the settings name. */
  readonly names: ProtectionConfig["cdns"];
  readonly store: Pick<Store, "prefixLists">;
  /** False: only what came with this version counts. Default is true. */
  readonly usesDownloads?: boolean;
  /** Default: Cloudflare's and Fastly's. */
  readonly vendored?: readonly VendoredRanges[];
  readonly log: Log;
}

export interface CdnRanges {
  /** Looks for newer lists among those that were downloaded. Never rejects. */
  refresh(): Promise<void>;
  /** The same array while nothing has changed. Before the first `refresh`: what came with this version. */
  list(): readonly NamedNetwork[];
}

/** Nobody in such a network can be blocked, so a list that holds a wider one is not believed. CDNs have /13 and /29. */
const widest = { 4: 10, 6: 24 } as const;

/**
 * The networks of the CDNs that the user says he sits behind: a block on one of them would cut off his own visitors.
 * A downloaded list takes the place of the one that came with this version when it is newer and believable.
 */
export function createCdnRanges(deps: CdnRangesDeps): CdnRanges {
  const { names, store, usesDownloads = true, vendored = [cloudflareRanges, fastlyRanges], log } = deps;
  const wanted = vendored.filter(({ name }) => names.some((one) => one === name));
  const told = new Map<string, string>();
  let current: readonly NamedNetwork[] = wanted.flatMap((ranges) =>
    networksOf(ranges, vendoredPrefixes(ranges)),
  );

  /** Once for each state of each list, not at every refresh. */
  const tell = (name: string, state: string, isFine: boolean): void => {
    if (told.get(name) !== state) {
      told.set(name, state);
      log[isFine ? "info" : "warn"]({ cdn: name }, `networks of the CDN: ${state}`);
    }
  };
  const choose = (ranges: VendoredRanges, lists: readonly PrefixListRecord[]): readonly NamedNetwork[] => {
    const downloaded = lists.find(({ name }) => name === ranges.name);
    const isNewer = downloaded !== undefined && downloaded.checkedAt > ranges.asOf;
    const ofVersion = vendoredPrefixes(ranges);
    if (!isNewer) {
      tell(ranges.name, `those that came with this version, of ${ranges.asOf.toISOString()}`, true);
      return networksOf(ranges, ofVersion);
    }
    const prefixes = downloaded.networks.map(({ prefix }) => prefix);
    const fault = faultOf(prefixes, ofVersion);
    const of = `downloaded at ${downloaded.fetchedAt.toISOString()}`;
    if (fault !== null) {
      tell(ranges.name, `those ${of} ${fault}, so the ones that came with this version stay in use`, false);
      return networksOf(ranges, ofVersion);
    }
    tell(ranges.name, `those ${of}`, true);
    return networksOf(ranges, prefixes);
  };

  return {
    async refresh() {
      if (wanted.length === 0) {
        return;
      }
      try {
        const lists = usesDownloads ? await store.prefixLists() : [];
        const chosen = wanted.flatMap((ranges) => choose(ranges, lists));
        current = keepUnchanged(current, chosen, isSameNetwork);
      } catch (error) {
        log.warn(
          { error: messageOf(error) },
          "the downloaded networks of CDNs can't be read now, keeping those known",
        );
      }
    },
    list: () => current,
  };
}

function vendoredPrefixes({ networks }: VendoredRanges): readonly IpPrefix[] {
  return networks.map((network) => {
    const prefix = parseIpPrefix(network);
    if (prefix === undefined) {
      throw new TypeError(`not a network: ${network}`);
    }
    return prefix;
  });
}

function networksOf({ title }: VendoredRanges, prefixes: readonly IpPrefix[]): readonly NamedNetwork[] {
  const why = `an address range of ${title}, behind which you said you are`;
  return prefixes.map((prefix) => ({ prefix, why }));
}

/** Why a list can't be right, in words, or null. */
function faultOf(prefixes: readonly IpPrefix[], ofVersion: readonly IpPrefix[]): string | null {
  const tooWide = prefixes.find((prefix) => lengthOf(prefix) < widest[familyOf(prefix)]);
  if (tooWide !== undefined) {
    return `hold ${tooWide}, which is too wide`;
  }
  const isShrunken = ([4, 6] as const).some(
    (family) => countOf(prefixes, family) * 2 < countOf(ofVersion, family),
  );
  return isShrunken ? `are ${prefixes.length}, and ${ofVersion.length} came with this version` : null;
}

function countOf(prefixes: readonly IpPrefix[], family: 4 | 6): number {
  return prefixes.filter((prefix) => familyOf(prefix) === family).length;
}
