import type { FirewallConfig } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { readState } from "../enforce/iptables-ssh/answers.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { publicKeyOf } from "../enforce/iptables-ssh/public-key.ts";
import { script } from "../enforce/iptables-ssh/script-run.ts";
import { adminLogin, type AdminLoginOptions } from "./admin-login.ts";
import { findFirewall, withLink } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

export interface InstallOptions extends AdminLoginOptions {
  /** Whom the helper's login belongs to. Default: the configured user when that is the helper's, else `portcullis`. */
  readonly user?: string;
}

/**
 * Puts the script on a firewall host, behind a login that can run it and nothing else, and proves that this login works. May be
 * repeated, e.g. for a new version.
 * @throws {AppError} CONFIG_INVALID, SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
 */
export async function firewallInstall(host: Host, name: string, options: InstallOptions): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  const user = options.user ?? (firewall.via === "helper" ? firewall.user : "portcullis");
  const admin = await adminLogin(host, firewall, options);
  checkUser(user, admin);
  const key = await publicKeyOf(firewall);
  const request = [
    `install ${user}`,
    `key ${key}`,
    ...script
      .trimEnd()
      .split("\n")
      .map((line) => `script ${line}`),
  ];

  host.err(`logging in as ${admin.user} to install the helper for ${user} …\n`);
  const said = await withLink({ allowlist: [] }, admin, (link) =>
    link.ask({ lines: request, isLarge: true }, host.stopSignal),
  );
  for (const line of said.map(printable).filter((line) => line.startsWith("installed "))) {
    host.out(`${line}\n`);
  }

  const helper: FirewallConfig = { ...firewall, user, via: "helper", password: null };
  host.err(`logging in as ${user} to try it …\n`);
  const state = await withLink(config, helper, async (link) =>
    readState(await link.ask({ lines: ["read"], isLarge: false }, host.stopSignal)),
  ).catch((error: unknown) => {
    throw withAdvice(error);
  });
  host.out(
    `It works: logged in as ${user}, the helper answered and read ${state.entries.size} blocked networks from the kernel.\n`,
  );
  host.out(nextStep(host, firewall, user));
  return 0;
}

function withAdvice(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== "SSH_LOGIN_REFUSED") {
    return error;
  }
  const { code, message, retryable } = error;
  return new AppError(
    code,
    `the helper is installed, but its login does not work: ${message}. Does /etc/ssh/sshd_config there let this user in (AllowUsers, AllowGroups, PubkeyAuthentication, AuthorizedKeysFile)?`,
    { retryable, cause: error },
  );
}

/** The helper's user gets a forced command, so a login that people use must not become it. */
function checkUser(user: string, admin: FirewallConfig): void {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) {
    throw invalid("--user: expected 1 to 32 of a-z 0-9 _ -, beginning with a letter");
  }
  if (user === "root" || user === admin.user) {
    throw invalid(
      `--user: ${user} can't be the helper's user, because that one can run nothing but the helper afterwards; name another, e.g. --user portcullis-fw`,
    );
  }
}

function nextStep({ env }: Host, firewall: FirewallConfig, user: string): string {
  if (firewall.via === "helper" && firewall.user === user) {
    return "portcullis.yaml says so already: nothing is to be changed.\n";
  }
  if (env["SSH_HOST"] === firewall.host) {
    return [
      "The environment can't say this, so take SSH_HOST and its companions out of it, and put into portcullis.yaml:",
      "firewalls:",
      `  - name: ${firewall.name}`,
      `    host: ${firewall.host}`,
      ...(firewall.port === 22 ? [] : [`    port: ${firewall.port}`]),
      `    user: ${user}`,
      "    via: helper",
      `    privateKeyFile: ${env["SSH_PRIVATE_KEY_FILE"] ?? "…"}`,
      ...firewall.hostKeys.slice(0, 1).map((key) => `    hostKey: ${key}`),
      "Then restart Portcullis.\n",
    ].join("\n");
  }
  return [
    `Now change these lines of ${firewall.name} in portcullis.yaml, and restart Portcullis:`,
    `    user: ${user}`,
    "    via: helper",
    ...(firewall.password === null
      ? []
      : ["and take its password or passwordFile out: the helper's login has the key only"]),
    "",
  ].join("\n");
}

function invalid(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { retryable: false });
}
