import { familyOf, type IpAddress, type IpPrefix, lengthOf, networkOf } from "../../domain/ip-address.ts";
import type { ApiDeps } from "./deps.ts";

/** Name servers are asked about so many addresses at a time. */
const atOnce = 8;

/** The address of a network that holds no other one; undefined for a wider one, which is nobody's crawler. */
export function soleAddress(prefix: IpPrefix): IpAddress | undefined {
  return lengthOf(prefix) === (familyOf(prefix) === 4 ? 32 : 128) ? networkOf(prefix) : undefined;
}

/** Those of the addresses that are crawlers which must not be blocked, each with why. Stops early when `signal` is aborted. */
export async function findCrawlers(
  { confirmCrawler }: Pick<ApiDeps, "confirmCrawler">,
  addresses: readonly IpAddress[],
  signal: AbortSignal,
): Promise<ReadonlyMap<IpAddress, string>> {
  const found = new Map<IpAddress, string>();
  const left = [...new Set(addresses)].values();
  const askOneByOne = async (): Promise<void> => {
    for (const ip of left) {
      if (signal.aborted) {
        return;
      }
      const why = await confirmCrawler(ip, signal);
      if (why !== null) {
        found.set(ip, why);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOneByOne));
  return found;
}
