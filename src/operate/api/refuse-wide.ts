import { setImmediate } from "node:timers/promises";
import { type IpPrefix, lengthOf } from "../../domain/ip-address.ts";
import { createNetworkIndex, rangeOf } from "../../domain/network-index.ts";
import { isWideToAllow } from "../too-wide.ts";
import type { Caller } from "./caller.ts";
import type { ApiDeps } from "./deps.ts";
import type { Refusal } from "./route.ts";

/** Whether a person may put a wide network on the allow-list: an administrator who says `wide`. Nobody may let everybody out. */
export async function refuseWide(
  deps: Pick<ApiDeps, "store" | "now">,
  network: IpPrefix,
  { caller, wide }: { readonly caller: Caller; readonly wide: boolean },
): Promise<Refusal | null> {
  if (lengthOf(network) === 0) {
    return {
      problem: "PAYLOAD_INVALID",
      detail: `network: ${network} holds every address: with it on the allow-list nothing is ever blocked. To stop new blocks, pause.`,
    };
  }
  if (!isWideToAllow(network)) {
    return null;
  }
  if (caller.role !== "administrator") {
    return {
      problem: "FORBIDDEN",
      detail: `${network} is wider than /16 (IPv4) or /32 (IPv6): only an administrator may allow it.`,
    };
  }
  return wide
    ? null
    : {
        problem: "CONFLICT",
        detail: `${network} is wider than /16 (IPv4) or /32 (IPv6): it would lift ${await countIn(deps, network)} standing blocks. If you mean it, say "wide": true.`,
      };
}

const blocksPerTurn = 1000;

/** Blocks in force that share an address with the network. */
async function countIn({ store, now }: Pick<ApiDeps, "store" | "now">, network: IpPrefix): Promise<number> {
  const isIn = createNetworkIndex([{ prefix: network, why: "" }]);
  let count = 0;
  for (const [index, { prefix }] of (await store.standingBlocks(now())).entries()) {
    if (index % blocksPerTurn === blocksPerTurn - 1) {
      await setImmediate();
    }
    count += isIn(rangeOf(prefix)) === undefined ? 0 : 1;
  }
  return count;
}
