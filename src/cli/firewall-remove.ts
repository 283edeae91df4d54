import { tracesOf } from "../enforce/host-check/traces.ts";
import { inspect } from "../enforce/iptables-ssh/inspection.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { adminLogin, type AdminLoginOptions } from "./admin-login.ts";
import { findFirewall, withLink } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";
import { refuseWhileManaged } from "./refuse-while-managed.ts";

export interface RemoveOptions extends AdminLoginOptions {
  /** Also while a running Portcullis would put everything back. */
  readonly force?: true;
  /** Also the installed helper with its login. */
  readonly helper?: true;
  /** Whose login the helper has. Default: the configured user when that is the helper's, else `portcullis`. */
  readonly user?: string;
}

/**
 * Takes everything of ours out of a firewall host, and nothing else, and reads back that it is gone. Exit code 1 when something
 * is left.
 * @throws {AppError} CONFIG_INVALID, API_REFUSED, SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
 */
export async function firewallRemove(host: Host, name: string, options: RemoveOptions): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  const isHelperToo = options.helper === true;
  const login =
    isHelperToo || options.loginUser !== undefined ? await adminLogin(host, firewall, options) : firewall;
  if (options.force !== true) {
    host.err("asking whether a running Portcullis manages it …\n");
    await refuseWhileManaged(host, config, name);
  }
  const user = options.user ?? (firewall.via === "helper" ? firewall.user : "portcullis");
  const uninstall = isHelperToo ? [`uninstall ${user}`] : [];

  host.err(`logging in to ${login.user}@${login.host}:${login.port} to remove everything of ours …\n`);
  const left = await withLink({ allowlist: [] }, { ...login, blocksOutbound: false }, async (link) => {
    let count = 0;
    for (const line of ["remove-all", ...uninstall]) {
      for (const said of await link.ask({ lines: [line], isLarge: false }, host.stopSignal)) {
        count += tell(host, printable(said));
      }
    }
    if (count === 0) {
      host.out("nothing of ours was there\n");
    }
    host.err("reading back …\n");
    return tracesOf(await inspect(link, host.stopSignal));
  });
  for (const trace of left) {
    host.err(`STILL THERE: ${trace}\n`);
  }
  if (left.length === 0) {
    host.out(`Nothing of ours is left on ${name}; rules of others were not touched.\n`);
    host.out(
      "The blocks stay on record: in mode enforce they come back unless `enabled: false` is set for it.\n",
    );
  }
  return left.length === 0 ? 0 : 1;
}

/** @returns 1 for a line about something that was removed, else 0 */
function tell(host: Host, line: string): number {
  if (line.startsWith("removed ")) {
    host.out(`${line}\n`);
    return 1;
  }
  if (/^(?:fault|failed) /.test(line)) {
    host.err(`${line}\n`);
  }
  return 0;
}
