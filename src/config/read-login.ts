import { resolve } from "node:path";
import ssh2 from "ssh2";
import type { SshLogin } from "./config.ts";
import type { LoginItem } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import { readText, withoutLineEnd } from "./setting-reader.ts";
import { Password } from "./shapes.ts";

export interface LoginSources {
  /** Relative paths in the file start here. */
  readonly directory: string;
  /** What SSH_AUTH_SOCK says. */
  readonly agentSocket: string | undefined;
  /** Text of the known_hosts file that Portcullis keeps. */
  readonly trustedKeys: string | null;
  readonly problems: Problems;
}

/** @param where place of the login in the file, with what stands there: `portcullis.yaml:3:5: ` or `portcullis.yaml:3:5: jump: ` */
export function readLogin(item: LoginItem, where: string, sources: LoginSources): SshLogin {
  const { directory, trustedKeys, problems } = sources;
  const read = (key: string, path: string | undefined): string | undefined =>
    path === undefined ? undefined : readText(`${where}: ${key}`, resolve(directory, path), problems);
  const inFile = read("passwordFile", item.passwordFile);
  const key = read("privateKeyFile", item.privateKeyFile);
  const knownHosts = read("knownHostsFile", item.knownHostsFile);
  const hostKeys = [...(item.hostKey === undefined ? [] : [item.hostKey]), ...(item.hostKeys ?? [])];
  checkChoices(item, hostKeys, (what) => {
    problems.add(where, what);
  });
  return {
    host: item.host,
    port: item.port ?? 22,
    user: item.user,
    password:
      item.password ?? (inFile === undefined ? null : oneLine(withoutLineEnd(inFile), where, problems)),
    privateKey: checkPrivateKey(`${where}: privateKeyFile`, key, problems),
    agent: readAgent(item.agent, where, sources),
    hostKeys,
    knownHosts: knownHosts ?? trustedFor(item.host, hostKeys, trustedKeys),
  };
}

/** The keys that `firewall trust` has pinned, when they may be about this host and nothing else is pinned for it. */
export function trustedFor(
  host: string,
  hostKeys: readonly string[],
  trustedKeys: string | null,
): string | null {
  // A hashed line may be about any host.
  const mayName = trustedKeys?.toLowerCase().includes(host.toLowerCase()) === true;
  return hostKeys.length === 0 && (mayName || trustedKeys?.includes("|1|") === true) ? trustedKeys : null;
}

/** The key, when it is a private key that can be used without asking for a passphrase. */
export function checkPrivateKey(where: string, text: string | undefined, problems: Problems): string | null {
  if (text === undefined) {
    return null;
  }
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    const isEncrypted = /encrypted/i.test(parsed.message);
    const reason = isEncrypted ? "the key is protected by a passphrase" : "not a key that can be read";
    problems.add(where, `${reason}; expected a private key as ssh-keygen makes it, without a passphrase`);
    return null;
  }
  if (!parsed.isPrivateKey()) {
    problems.add(where, "this is a public key; expected the private one");
    return null;
  }
  return text;
}

function readAgent(
  agent: LoginItem["agent"],
  where: string,
  { directory, agentSocket, problems }: LoginSources,
): string | null {
  if (agent === undefined || agent === false) {
    return null;
  }
  if (agent !== true) {
    return resolve(directory, agent);
  }
  if (agentSocket === undefined || agentSocket === "") {
    problems.add(
      where,
      "agent: true needs SSH_AUTH_SOCK, which is not set; start an agent, or name its socket",
    );
    return null;
  }
  return agentSocket;
}

function checkChoices(item: LoginItem, hostKeys: readonly string[], add: (what: string) => void): void {
  if (item.password !== undefined && item.passwordFile !== undefined) {
    add("set only one of password and passwordFile");
  }
  const ways = [item.password, item.passwordFile, item.privateKeyFile];
  if (ways.every((way) => way === undefined) && (item.agent ?? false) === false) {
    add("set privateKeyFile, passwordFile, password or agent to log in with");
  }
  if (hostKeys.length > 0 && item.knownHostsFile !== undefined) {
    add("set only one of hostKey and knownHostsFile");
  }
}

function oneLine(text: string, where: string, problems: Problems): string | null {
  const checked = Password.safeParse(text);
  if (!checked.success) {
    problems.add(`${where}: passwordFile`, "expected one line of text in the file");
  }
  return checked.data ?? null;
}
