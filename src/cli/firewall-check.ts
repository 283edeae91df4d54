import type { Config, FirewallConfig, SshLogin } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { bad, type CheckItem, warning } from "../enforce/host-check/check-item.ts";
import { judgeHost } from "../enforce/host-check/judge-host.ts";
import { readState } from "../enforce/iptables-ssh/answers.ts";
import { inspect } from "../enforce/iptables-ssh/inspection.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import type { ScriptLink } from "../enforce/iptables-ssh/script-link.ts";
import { findFirewall, withLink } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { isUnreachable } from "./is-unreachable.ts";
import { readConfig } from "./read-config.ts";

/**
 * Says in plain words what works on a firewall host; changes nothing there. Exit code 1 when anything is bad, 2 when the host can't
 * be reached.
 * @throws {AppError} CONFIG_INVALID
 */
export async function firewallCheck(
  host: Host,
  name: string,
  options: { readonly json?: true },
): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  host.err(`logging in to ${firewall.user}@${firewall.host}:${firewall.port} …\n`);
  const found = await itemsOf(host, config, firewall);
  const items = [...settingsOf(firewall), ...found.items];
  host.out(options.json === true ? `${JSON.stringify(items, null, 2)}\n` : format(items));
  if (found.isUnreachable) {
    return 2;
  }
  return items.some(({ level }) => level === "bad") ? 1 : 0;
}

function settingsOf({ isEnabled }: FirewallConfig): readonly CheckItem[] {
  return isEnabled
    ? []
    : [warning("settings", "`enabled: false` is set: Portcullis leaves this firewall alone")];
}

interface Found {
  readonly items: readonly CheckItem[];
  readonly isUnreachable: boolean;
}

/** What can't even be begun is a finding like any other. */
async function itemsOf(host: Host, config: Config, firewall: FirewallConfig): Promise<Found> {
  try {
    const items = await withLink(config, firewall, (link) => look(host, firewall, link));
    return { items, isUnreachable: false };
  } catch (error) {
    if (!(error instanceof AppError)) {
      throw error;
    }
    const item = bad(itemOf(error), `${error.message}${adviceOn(error, firewall)}`);
    return { items: [item], isUnreachable: isUnreachable(error) };
  }
}

async function look(host: Host, firewall: FirewallConfig, link: ScriptLink): Promise<readonly CheckItem[]> {
  const signal = host.stopSignal;
  const start = Date.now();
  const state = readState(await link.ask({ lines: ["read"], isLarge: false }, signal));
  const loginMs = Date.now() - start;
  host.err("reading its rules and settings …\n");
  const from = new Date();
  const inspection = await inspect(link, signal);
  const until = new Date();
  const gateways = await link.ask({ lines: ["route"], isLarge: false }, signal);
  return judgeHost({
    login: firewall,
    loginMs,
    backend: printable(link.backend() ?? ""),
    inspection,
    asked: { from, until },
    state: { ...state, faults: state.faults.map(printable) },
    gateways: gateways.map(printable),
  });
}

function itemOf({ code, message }: AppError): string {
  if (code === "SSH_HOST_KEY_UNKNOWN" || code === "SSH_HOST_KEY_CHANGED") {
    return "host key";
  }
  if (code !== "FIREWALL_COMMAND_FAILED") {
    return "login";
  }
  return /\b(?:sudo|root|via: helper)\b/.test(message) ? "rights" : "script";
}

/** Of the two hosts on the way, the one that failed, as messages name it. */
function failedHop({ message }: AppError, { name, jump, ...login }: FirewallConfig): Hop {
  return jump !== null && message.startsWith(`jump host of ${name} `)
    ? { login: jump, through: null }
    : { login, through: jump };
}

interface Hop {
  readonly login: Pick<SshLogin, "host" | "port" | "user">;
  readonly through: Pick<SshLogin, "host" | "port" | "user"> | null;
}

function adviceOn(error: AppError, firewall: FirewallConfig): string {
  const { login, through } = failedHop(error, firewall);
  if (isUnreachable(error)) {
    return adviceOnSilence(error, { login, through });
  }
  if (error.code === "SSH_LOGIN_REFUSED") {
    const jump = through === null ? "" : `-J ${through.user}@${through.host}:${through.port} `;
    return `. Try \`ssh ${jump}-p ${login.port} ${login.user}@${login.host}\` with the same key or password`;
  }
  return error.code === "SSH_HOST_KEY_CHANGED"
    ? `. If the host was installed anew, take the old pin out and run \`portcullis firewall trust ${firewall.name}\``
    : "";
}

function adviceOnSilence({ message }: AppError, { login: { host, port }, through }: Hop): string {
  if (/ENOTFOUND|EAI_AGAIN|not known|resolve/i.test(message)) {
    return `. The name ${host} does not resolve ${through === null ? "here" : `on the jump host ${through.host}`}: is it spelt right, and does DNS work? An address in its place works too`;
  }
  const between = through === null ? "a firewall between" : `a firewall between ${through.host} and it`;
  return `. Is ${host} on, does sshd listen there, and does ${between} let port ${port} pass?`;
}

function format(items: readonly CheckItem[]): string {
  const width = Math.max(...items.map(({ item }) => item.length));
  const lines = items.map(({ item, level, text }) => `${level.padEnd(7)}  ${item.padEnd(width)}  ${text}\n`);
  const counted = (wanted: CheckItem["level"]) => items.filter(({ level }) => level === wanted).length;
  const warnings = counted("warning");
  const sum = `${counted("ok")} ok, ${warnings} ${warnings === 1 ? "warning" : "warnings"}, ${counted("bad")} bad`;
  return `${lines.join("")}\n${sum}\n`;
}
