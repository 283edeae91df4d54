import type { FirewallConfig, SshLogin } from "../../config/config.ts";
import type { FirewallState } from "../../ports.ts";
import type { Inspection } from "../iptables-ssh/inspection.ts";

/** What was found about one side of a firewall host. `bad`: blocks do not work here, or may not. */
export interface CheckItem {
  readonly item: string;
  readonly level: "ok" | "warning" | "bad";
  /** In plain words, with what to do when it is not well. */
  readonly text: string;
}

/** Everything that is judged. */
export interface HostFacts {
  readonly login: Pick<
    FirewallConfig,
    "name" | "host" | "port" | "user" | "via" | "password" | "isEnabled"
  > & {
    readonly jump: Pick<SshLogin, "host" | "port" | "user"> | null;
  };
  /** From the first packet to the script's greeting. */
  readonly loginMs: number;
  /** How the script drops packets there. */
  readonly backend: string;
  readonly inspection: Inspection;
  /** Our clock before and after the host read its own. */
  readonly asked: { readonly from: Date; readonly until: Date };
  readonly state: FirewallState;
  /** The script's words about the default gateways: `gateway ADDRESS answers|silent`, `gateway none`. */
  readonly gateways: readonly string[];
}

export function ok(item: string, text: string): CheckItem {
  return { item, level: "ok", text };
}

export function warning(item: string, text: string): CheckItem {
  return { item, level: "warning", text };
}

export function bad(item: string, text: string): CheckItem {
  return { item, level: "bad", text };
}

/** The first line of a section; empty when there is none. */
export function firstOf(inspection: Inspection, section: string): string {
  return inspection.get(section)?.[0] ?? "";
}
