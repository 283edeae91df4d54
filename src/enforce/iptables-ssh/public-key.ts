import ssh2, { type ParsedKey } from "ssh2";
import type { FirewallConfig } from "../../config/config.ts";
import { AppError, messageOf } from "../../domain/errors.ts";

/**
 * The line of an authorized_keys file that lets this login in: of its private key, or of the one key that its agent holds.
 * @throws {AppError} CONFIG_INVALID
 */
export async function publicKeyOf({
  name,
  privateKey,
  agent,
}: Pick<FirewallConfig, "name" | "privateKey" | "agent">): Promise<string> {
  if (privateKey !== null) {
    const key = ssh2.utils.parseKey(privateKey);
    if (key instanceof Error) {
      throw invalid(`${name}: the private key can't be used: ${key.message}`);
    }
    return lineOf(key);
  }
  if (agent !== null) {
    const keys = await keysOf(name, agent);
    const [key] = keys;
    if (key === undefined || keys.length > 1) {
      throw invalid(
        `${name}: the SSH agent holds ${keys.length} keys, and it must be clear which one the helper's login has: set privateKeyFile`,
      );
    }
    return lineOf(key);
  }
  throw invalid(
    `${name}: the helper's login needs a key, and only a password is set. Make one (ssh-keygen -t ed25519 -N '' -f portcullis_key) and set privateKeyFile`,
  );
}

function lineOf(key: ParsedKey): string {
  return `${key.type} ${key.getPublicSSH().toString("base64")} portcullis`;
}

function keysOf(name: string, agent: string): Promise<readonly ParsedKey[]> {
  return new Promise((resolve, reject) => {
    new ssh2.OpenSSHAgent(agent).getIdentities((error, found = []) => {
      if (error !== undefined && error !== null) {
        reject(invalid(`${name}: the SSH agent does not answer: ${messageOf(error)}`));
      } else {
        resolve(found.flatMap((one) => ("getPublicSSH" in one ? [one] : [])));
      }
    });
  });
}

function invalid(message: string): AppError {
  return new AppError("CONFIG_INVALID", message, { retryable: false });
}
