import type { SshLogin } from "../../config/config.ts";

/** A host on the way to a firewall, or the firewall itself. */
export interface Hop {
  /** The firewall's name, as settings and commands have it. */
  readonly name: string;
  readonly login: SshLogin;
  /** The host through which it is reached; null: directly. */
  readonly jump: SshLogin | null;
  readonly isJump: boolean;
}

/** What is reached, for messages: `edge-1 (198.51.100.2:22)`, `edge-1 (10.0.0.1:22 through bastion.example)`. */
export function placeOf({
  name,
  host,
  port,
  jump,
}: Pick<SshLogin, "host" | "port"> & { readonly name: string; readonly jump: SshLogin | null }): string {
  return `${name} (${host}:${port}${jump === null ? "" : ` through ${jump.host}`})`;
}

/** As `placeOf`; a host on the way is `jump host of edge-1 (bastion.example:22)`. */
export function placeOfHop({ name, login, jump, isJump }: Hop): string {
  return `${isJump ? "jump host of " : ""}${placeOf({ name, host: login.host, port: login.port, jump })}`;
}
