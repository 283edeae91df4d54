import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aMinute, type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { type Backend, without } from "./fault-kernel.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();
const seed = 20_261_120;
const days = 86_400;

/** Networks that lie in each other, of both families and many lengths. */
const pool = [
  "62.0.0.1/32",
  "62.0.0.2/32",
  "62.0.0.2/31",
  "62.0.0.0/24",
  "62.0.0.128/25",
  "62.0.1.7/32",
  "62.0.1.0/28",
  "2a02::1/128",
  "2a02::2/127",
  "2a02::/64",
  "2a02:0:0:8::/61",
  "2a02::/48",
  "2a02:0:1::/56",
  "2a02:0:1:ff::9/128",
];
const foreign = ["62.9.0.1/32", "62.9.1.0/24", "2a02:9::/64"];

/** Somebody changes the tables. What of it fails there, fails. */
const iptables = [
  "for t in iptables ip6tables; do $t -t raw -F; done",
  "for t in iptables ip6tables; do $t -t raw -F; $t -t raw -X; done",
  "iptables -t raw -D PREROUTING -j PORTCULLIS",
  "ip6tables -t raw -F PORTCULLIS",
  "ip6tables -t raw -A PREROUTING -j PORTCULLIS",
  "iptables -t raw -N AHEAD; iptables -t raw -A AHEAD -j ACCEPT; iptables -t raw -I PREROUTING -j AHEAD",
  "iptables -t raw -I PORTCULLIS -j RETURN",
  "nft flush ruleset",
];
const harms: Readonly<
  Record<Exclude<Backend, "legacy">, (network: string, set: string) => readonly string[]>
> = {
  sets: (network, set) => [
    ...iptables,
    `ipset flush ${set}`,
    `ipset del ${set} ${network}`,
    `ipset -exist add ${set} ${network} timeout 40`,
    `ipset -exist add ${set} ${network} timeout 0`,
    `ipset -exist add ${set} ${network} timeout 50 nomatch`,
    "iptables -t raw -F; ip6tables -t raw -F; ipset destroy",
    `iptables -t raw -F; ip6tables -t raw -F; ipset rename ${set} elsewhere`,
    "ipset create odd hash:net; ipset add odd 62.9.0.1; iptables -t raw -F; ipset destroy portcullis4; ipset rename odd portcullis4",
  ],
  rules: (network) => [
    ...iptables,
    "iptables -t raw -D PORTCULLIS 1",
    "ip6tables -t raw -D PORTCULLIS 2",
    `t=iptables; case ${network} in *:*) t=ip6tables; esac; $t -t raw -A PORTCULLIS -s ${network} -j DROP`,
    `t=iptables; case ${network} in *:*) t=ip6tables; esac; $t -t raw -I PORTCULLIS -s ${network} -j ACCEPT`,
  ],
  nft: (network) => {
    const [address = "", length = ""] = network.split("/");
    const set = `inet portcullis v${address.includes(":") ? 6 : 4}_${length}`;
    return [
      "nft flush ruleset",
      "nft delete table inet portcullis",
      "nft flush chain inet portcullis prerouting",
      "nft insert rule inet portcullis prerouting accept",
      "nft 'add chain inet portcullis other'",
      `nft flush set ${set}`,
      `nft flush chain inet portcullis prerouting; nft delete set ${set}`,
      `nft delete element ${set} { ${address} }`,
      `nft add element ${set} { ${address} timeout 40s }`,
      `nft delete element ${set} { ${address} }; nft add element ${set} { ${address} }`,
    ];
  },
};

type Command =
  | { readonly kind: "add" | "extend" | "lift"; readonly network: string; readonly seconds: number }
  | { readonly kind: "pass"; readonly seconds: number }
  | { readonly kind: "drift"; readonly harm: string }
  | { readonly kind: "reconcile"; readonly afterMs: number };

function commandsOf(backend: keyof typeof harms): fc.Arbitrary<readonly Command[]> {
  const network = fc.constantFrom(...pool);
  const seconds = fc.oneof(
    fc.integer({ min: 200, max: 30 * days }),
    fc.constantFrom(300, 400, Number.POSITIVE_INFINITY),
  );
  const harm = fc
    .constantFrom(...pool, ...foreign)
    .chain((network) =>
      fc.constantFrom(...harms[backend](network, network.includes(":") ? "portcullis6" : "portcullis4")),
    );
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("add" as const), network, seconds }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("extend" as const), network, seconds }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("lift" as const), network, seconds }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.constant(450) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("drift" as const), harm }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("reconcile" as const),
        afterMs: fc.constantFrom(0, 0, aMinute),
      }),
    },
  );
  return fc.array(command, { minLength: 5, maxLength: 30, size: "max" });
}

describe.skipIf(cannot !== null)(
  `whatever happens in whatever order${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    describe.each(["sets", "rules", "nft"] as const)("on a host with %s", (backend) => {
      let host: FirewallHost;
      let desk: FaultDesk;

      beforeAll(async () => {
        host = await startFirewallHost({ without: without[backend] });
        desk = await openFaultDesk({ host, backend, seconds: 20 * days, databaseUrl: "sqlite::memory:" });
      });
      afterAll(async () => {
        await desk.close();
        await host.stop();
      });

      const obey = async (command: Command, groups: readonly string[]): Promise<unknown> => {
        switch (command.kind) {
          case "add":
            return desk.stands(command.network) || desk.block(command.network, command.seconds, groups);
          case "extend":
            // For one more group of firewalls: the new block takes over.
            return desk.stands(command.network) && desk.block(command.network, command.seconds, groups);
          case "lift":
            return desk.stands(command.network) && desk.lift(command.network);
          case "pass":
            return desk.pass(command.seconds * 1000);
          case "drift":
            return host.exec("sh", "-c", command.harm);
          case "reconcile":
            return desk.step(command.afterMs);
        }
        return command satisfies never;
      };

      test(`one round later the kernel is what it should be (seed ${seed})`, {
        timeout: 60_000,
      }, async () => {
        let count = 0;
        await fc.assert(
          fc.asyncProperty(commandsOf(backend), async (commands) => {
            for (const network of pool) {
              await obey({ kind: "lift", network, seconds: 0 }, []);
            }
            for (const command of commands) {
              count += 1;
              await obey(command, [`group-${count}`]);
            }

            await desk.step(aMinute);

            expect(await desk.wrong()).toEqual([]);
          }),
          { seed, numRuns: 10, endOnFailure: true },
        );
        expect(await desk.wrongAfterARound()).toEqual([]);
      });
    });
  },
);
