import type { BlockMode } from "../../src/domain/decision.ts";
import type { Finding } from "../../src/domain/finding.ts";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import type { AddressFacts, FactsWanted, Standing, Store } from "../../src/ports.ts";
import { t0 } from "./samples.ts";

type FactStore = Pick<Store, "factsOf">;

/** What the store knows about one address; by default in mode `enforce`, at `t0`, without counting events. */
export async function factsAbout(
  store: FactStore,
  ip: IpAddress,
  wanted: Partial<FactsWanted> = {},
): Promise<AddressFacts> {
  const facts = await store.factsOf([ip], { mode: "enforce", now: t0, windows: [], ...wanted });
  const found = facts.get(ip);
  if (found === undefined) {
    throw new Error(`the store told nothing about ${ip}`);
  }
  return found;
}

/** What stands about one address. */
export async function standingOf(
  store: FactStore,
  ip: IpAddress,
  mode: BlockMode,
  now: Date,
): Promise<Standing> {
  return (await factsAbout(store, ip, { mode, now })).standing;
}

/** What providers have said about one address. */
export async function findingsOf(store: FactStore, ip: IpAddress): Promise<readonly Finding[]> {
  return (await factsAbout(store, ip)).findings;
}

/** Keeps what one provider said. */
export function saveFinding(store: Pick<Store, "finishLookUps">, finding: Finding): Promise<void> {
  return store.finishLookUps({
    provider: finding.provider,
    findings: [finding],
    dropped: [],
    now: finding.foundAt,
  });
}
