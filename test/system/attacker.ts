import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Somebody who sends packets to the firewall host from documentation addresses. */
export interface Attacker {
  readonly v4: readonly [string, string, string];
  readonly v6: readonly [string, string];
  /** True when an answer to one UDP packet comes back within 300 ms. Default is from the first IPv4 address. */
  ping(from?: string): Promise<boolean>;
  /** Opens a TCP connection; undefined when that does not succeed. */
  open(from?: string): Promise<Session | undefined>;
}

export interface Session {
  /** True when an answer comes back over the open connection. */
  say(): Promise<boolean>;
}

/** Starts the attacker, and on the firewall host what answers it. */
export async function startAgents(
  firewallNamespace: string,
  attackerNamespace: string,
  target: { readonly v4: string; readonly v6: string },
): Promise<{ readonly attacker: Attacker; readonly agents: readonly ChildProcess[] }> {
  const agents = [startAgent(firewallNamespace, "echo"), startAgent(attackerNamespace, "attacker")] as const;
  const [echo, attacker] = agents;
  const answers = new Map<number, (answered: boolean) => void>();
  let orders = 0;
  await Promise.all([echo, attacker].map((agent) => once(agent.stdout, "data")));
  createInterface({ input: attacker.stdout }).on("line", (line) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own agent writes these lines
    const { id, answered } = JSON.parse(line) as { id: number; answered: boolean };
    answers.get(id)?.(answered);
    answers.delete(id);
  });
  const order = (verb: string, from: string, session = 0): Promise<boolean> =>
    new Promise((resolve) => {
      orders += 1;
      answers.set(orders, resolve);
      const to = from.includes(":") ? target.v6 : target.v4;
      attacker.stdin.write(`${JSON.stringify({ id: orders, verb, from, to, session })}\n`);
    });
  const v4 = ["203.0.113.10", "203.0.113.11", "203.0.113.12"] as const;
  return {
    agents,
    attacker: {
      v4,
      v6: ["2001:db8:0:1::10", "2001:db8:0:1::11"],
      ping: (from = v4[0]) => order("ping", from),
      async open(from = v4[0]) {
        const session = orders + 1;
        const isOpen = await order("open", from, session);
        return isOpen ? { say: () => order("say", from, session) } : undefined;
      },
    },
  };
}

function startAgent(namespace: string, role: string) {
  const program = join(import.meta.dirname, "net-agent.ts");
  return spawn("ip", ["netns", "exec", namespace, process.execPath, program, role], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}
