import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import ssh2 from "ssh2";
import type { FirewallConfig } from "../config/config.ts";
import { AppError, messageOf } from "../domain/errors.ts";
import type { Host } from "./host.ts";

/** How to log in for what the helper's login can't do; left out is what the settings say. */
export interface AdminLoginOptions {
  readonly loginUser?: string;
  /** Path of a private key. */
  readonly loginKey?: string;
  /** Path of a file that holds a password. */
  readonly loginPasswordFile?: string;
}

/**
 * The firewall with a login that may do everything there. The pinned host key stays as it is.
 * @throws {AppError} CONFIG_INVALID
 */
export async function adminLogin(
  host: Pick<Host, "cwd">,
  firewall: FirewallConfig,
  options: AdminLoginOptions,
): Promise<FirewallConfig> {
  const { loginUser } = options;
  if (firewall.via === "helper" && loginUser === undefined) {
    const why =
      firewall.user === "root"
        ? `${firewall.name} has \`via: helper\`, which runs the helper and nothing else, though it logs in as root`
        : `${firewall.name} logs in as ${firewall.user}, who can run the helper and nothing else`;
    throw invalid(
      `${why}. Name one who may do more: --login-user root, with --login-key FILE or --login-password-file FILE when that is another key`,
    );
  }
  const user = loginUser ?? firewall.user;
  if (!/^[\w.@-]{1,64}$/.test(user)) {
    throw invalid("--login-user is not the name of a user");
  }
  const via = user === "root" ? "root" : "sudo";
  return {
    ...firewall,
    ...(await readCredentials(host, options)),
    ...(loginUser === undefined ? {} : { user, via }),
    blocksOutbound: false,
  };
}

/** Nothing, when the configured ones are to be used. */
async function readCredentials(
  host: Pick<Host, "cwd">,
  { loginKey, loginPasswordFile }: AdminLoginOptions,
): Promise<Partial<FirewallConfig>> {
  if (loginKey === undefined && loginPasswordFile === undefined) {
    return {};
  }
  const password =
    loginPasswordFile === undefined
      ? null
      : (await readText(host, "--login-password-file", loginPasswordFile)).replace(/\r?\n$/, "");
  return {
    agent: null,
    privateKey: loginKey === undefined ? null : await readKey(host, loginKey),
    password,
  };
}

async function readKey(host: Pick<Host, "cwd">, path: string): Promise<string> {
  const text = await readText(host, "--login-key", path);
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error || !key.isPrivateKey()) {
    throw invalid("--login-key: expected a private key as ssh-keygen makes it, without a passphrase");
  }
  return text;
}

async function readText({ cwd }: Pick<Host, "cwd">, option: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), "utf8");
  } catch (error) {
    throw invalid(`${option}: the file can't be read: ${messageOf(error)}`);
  }
}

function invalid(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { retryable: false });
}
