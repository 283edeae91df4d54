import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FirewallConfig } from "../../src/config/config.ts";
import type { Block } from "../../src/domain/block.ts";
import { type IpPrefix, prefixesOverlap, prefixOf } from "../../src/domain/ip-address.ts";
import type { IptablesSshDeps } from "../../src/enforce/iptables-ssh/create-iptables-ssh-firewall.ts";
import { longestSeconds } from "../../src/enforce/plan.ts";
import { createReconciler } from "../../src/enforce/reconciler.ts";
import type { Firewall, FirewallRecord } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { ip } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { type Backend, kernelOf } from "./fault-kernel.ts";
import { type BlockModel, createBlockModel, forbidden } from "./fault-model.ts";
import { protectedSources, type Watch, watchProtected } from "./fault-watch.ts";
import { firewallOn, running } from "./firewall-desk.ts";
import type { FirewallHost } from "./namespaces.ts";

/** One host, and all that keeps it in line: the real store, adapter and reconciler. Only the clocks are the test's. */
export interface FaultDesk {
  readonly firewall: Firewall;
  /** Passes so much time on the clock that never jumps, and takes one round. @returns what `step` returns */
  step(afterMs?: number): Promise<number>;
  /** Puts the wall clock of Portcullis ahead (or back) by so much. */
  jump(ms: number): void;
  /** Passes so much time on both clocks; the kernel's goes on as it is. */
  pass(ms: number): void;
  /** Records a decision to block, for an hour if nothing else is said; infinity: for ever. */
  block(network: string, seconds?: number, groups?: Block["groups"]): Promise<void>;
  /** Lets out all that covers the network or lies in it. */
  lift(network: string): Promise<void>;
  /** Whether such a block has neither ended nor been lifted. */
  stands(network: string): boolean;
  /** How far each block is that stands, by network, as the store says. */
  states(): ReturnType<BlockModel["states"]>;
  record(): Promise<FirewallRecord>;
  /**
   * So much later, by default a minute, takes one round.
   * @returns what is not as it should be then, in words: in the kernel, in the store, and with the packets of attackers and of those who are protected
   */
  wrongAfterARound(afterMs?: number): Promise<readonly string[]>;
  /** What is not as it should be now in the kernel and in the store. */
  wrong(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface FaultDeskOptions {
  readonly host: FirewallHost;
  readonly backend?: Backend;
  readonly config?: Partial<FirewallConfig>;
  readonly timeouts?: IptablesSshDeps["timeouts"];
  /** How long the first blocks stand. Default an hour. */
  readonly seconds?: number;
  /** Default is a file. */
  readonly databaseUrl?: string;
}

/** More than a round every minute. */
export const aMinute = 61_000;

/** Two that attack, and networks of several lengths. */
const standing = [
  "203.0.113.10/32",
  "2001:db8:0:1::10/128",
  "198.51.100.0/24",
  "198.51.100.7/32",
  "2001:db8:beef::/64",
  ...Array.from({ length: 20 }, (_, n) => `192.0.2.${n}/32`),
];

const allowlist = protectedSources.slice(1).map((source) => prefixOf(ip(source)));
const protectedReason = (network: IpPrefix): string | null =>
  allowlist.some((other) => prefixesOverlap(network, other)) ? "allow-list" : null;

/** Brings a host in line with blocks that stand, among them some that must be refused; from then on it is watched. */
export async function openFaultDesk(options: FaultDeskOptions): Promise<FaultDesk> {
  const { host, backend = "sets", config, timeouts, seconds: firstSeconds = 3600 } = options;
  const dir = mkdtempSync(join(tmpdir(), "portcullis-fault-"));
  const databaseUrl = options.databaseUrl ?? `sqlite:${join(dir, "portcullis.db")}`;
  const store = await openStore({ databaseUrl });
  const firewall = firewallOn(host, config, {
    neverBlock: () => allowlist,
    timeouts: { connectMs: 2000, silenceMs: 3000, ...timeouts },
  });
  const watch = await watchProtected(host);
  const clock = { elapsedMs: 0, skewMs: 0 };
  const now = (): Date => new Date(Date.now() + clock.skewMs);
  const reconciler = createReconciler({
    firewall,
    store,
    holder: "here-1",
    log: silentLog,
    now,
    elapsedMs: () => clock.elapsedMs,
    protectedReason,
    isFor: () => true,
    isCanary: false,
    waitsFor: () => Promise.resolve(undefined),
    liftsOnly: false,
  });
  const model = createBlockModel(store, now);
  const desk: FaultDesk = {
    firewall,
    step(afterMs = 0) {
      clock.elapsedMs += afterMs;
      return reconciler.step(running);
    },
    jump(ms) {
      clock.skewMs += ms;
    },
    pass(ms) {
      clock.skewMs += ms;
      clock.elapsedMs += ms;
    },
    block: (network, seconds = 3600, groups = null) => model.add(network, seconds, groups),
    lift: (network) => model.lift(network),
    stands: (network) => model.stands(network),
    states: () => model.states(),
    async record() {
      const [record] = await store.firewalls();
      if (record === undefined) {
        throw new Error("the firewall was never recorded");
      }
      return record;
    },
    async wrongAfterARound(afterMs = aMinute) {
      await desk.step(afterMs);
      return [...(await desk.wrong()), ...(await wrongPackets(host, watch))];
    },
    async wrong() {
      const inStore = [...wrongRecord(await desk.record(), now()), ...wrongStates(await model.states())];
      return [...(await wrongKernel(host, backend, model)), ...inStore];
    },
    async close() {
      watch.stop();
      await firewall.close();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  for (const network of [...standing, ...forbidden]) {
    await desk.block(network, firstSeconds);
  }
  const wrong = await desk.wrongAfterARound();
  if (wrong.length > 0) {
    throw new Error(`not in line at first: ${wrong.join("; ")}`);
  }
  return desk;
}

async function wrongKernel(
  host: FirewallHost,
  backend: Backend,
  model: BlockModel,
): Promise<readonly string[]> {
  const { entries, wrong } = await kernelOf(host, backend);
  const desired = model.desired();
  const foreign = [...entries.keys()].filter((network) => !desired.has(network));
  const mistimed = [...desired].flatMap(([network, seconds]) => {
    const actual = entries.get(network) ?? 0;
    // One beyond what a kernel can keep runs down by a day before it is put off again.
    const early = seconds === longestSeconds ? 86_400 + 30 : 30;
    const isRight = actual === seconds || (actual > seconds - early && actual < seconds + 30);
    return isRight ? [] : [`${network}: ${actual} s instead of ${seconds}`];
  });
  return [...wrong, ...foreign.map((network) => `${network} is foreign`), ...mistimed];
}

function wrongRecord({ state, error, checkedAt, inSyncAt }: FirewallRecord, now: Date): readonly string[] {
  const isNews = Math.abs(checkedAt.getTime() - now.getTime()) < 30_000;
  const isGood = state === "in-sync" && error === null && inSyncAt?.getTime() === checkedAt.getTime();
  return isNews && isGood ? [] : [`on record at ${checkedAt.toISOString()}: ${state}, ${error}`];
}

function wrongStates(states: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(states).flatMap(([network, state]) => {
    const expected = forbidden.includes(network) ? "refused" : "verified";
    return state === expected ? [] : [`${network} is on record as ${state} instead of ${expected}`];
  });
}

async function wrongPackets({ attacker }: FirewallHost, watch: Watch): Promise<readonly string[]> {
  const sources = [attacker.v4[0], attacker.v6[0], attacker.v4[1]] as const;
  const expected = [false, false, true];
  const answered = await Promise.all(sources.map((source) => attacker.ping(source)));
  const wrong = sources.filter((_, n) => answered[n] !== expected[n]);
  const { sent, lost, first } = await watch.report();
  return [
    ...wrong.map((source) => `packets of ${source} ${source === attacker.v4[1] ? "are dropped" : "pass"}`),
    ...(lost > 0 ? [`${lost} packets of protected addresses were lost, the first ${first}`] : []),
    ...(sent === 0 ? ["nobody has watched"] : []),
  ];
}
