import type { FirewallConfig, SshLogin } from "../config/config.ts";
import { AppError } from "../domain/errors.ts";
import { judgePin, type Pin } from "../enforce/iptables-ssh/judge-pin.ts";
import { type OfferedKey, offeredHostKeys } from "../enforce/iptables-ssh/offered-host-keys.ts";
import { findFirewall, shown } from "./firewall-link.ts";
import type { ExitCode, Host } from "./host.ts";
import { type Answers, readAnswers } from "./read-answers.ts";
import { readConfig } from "./read-config.ts";
import { readTrusted, trustedPath, writeTrusted } from "./trusted-keys.ts";

interface Question {
  readonly host: Host;
  readonly dataDir: string;
  /** The firewall's. */
  readonly name: string;
  readonly isJump: boolean;
  readonly login: SshLogin & Pick<FirewallConfig, "jump">;
  /** Null when nobody is to be asked. */
  readonly answers: Answers | null;
}

/**
 * Shows the key that a firewall host offers, and pins it after a person has said that it is the right one; the jump host's
 * first. Exit code 1 when nothing was pinned, because nobody said so or another key is pinned already.
 * @throws {AppError} CONFIG_INVALID, SSH_UNREACHABLE, FIREWALL_TIMEOUT
 */
export async function firewallTrust(
  host: Host,
  name: string,
  options: { readonly yes?: true },
): Promise<ExitCode> {
  const config = await readConfig(host, { writeSecrets: false });
  const firewall = findFirewall(config, name);
  const answers = options.yes === true ? null : readAnswers(host);
  const question = { host, dataDir: config.dataDir, answers, name, isJump: false };
  try {
    if (firewall.jump === null) {
      return await trust({ ...question, login: firewall });
    }
    const jump = { ...firewall.jump, jump: null };
    if (!(await isTrusted({ ...question, isJump: true, login: jump }))) {
      return 1;
    }
    host.out("\n");
    // Read again: the way leads through the jump host, whose key may be pinned only now.
    const silent = { ...host, err: () => undefined };
    const login = findFirewall(await readConfig(silent, { writeSecrets: false }), name);
    return await trust({ ...question, login });
  } catch (error) {
    throw shown(error);
  } finally {
    answers?.close();
  }
}

async function trust(question: Question): Promise<ExitCode> {
  const { host, name } = question;
  const isDone = await isTrusted(question);
  if (isDone) {
    host.out(`\nNext: portcullis firewall check ${name}\n`);
  }
  return isDone ? 0 : 1;
}

/** As other messages name it. */
function nameOf({ name, isJump }: Question): string {
  return isJump ? `jump host of ${name}` : name;
}

function whoOf(question: Question): string {
  return `${question.isJump ? "the " : ""}${nameOf(question)}`;
}

async function isTrusted(question: Question): Promise<boolean> {
  const { host, login, dataDir } = question;
  const who = whoOf(question);
  host.err(`asking ${login.host}:${login.port} for its host key …\n`);
  const offered = await offeredHostKeys({ ...login, name: nameOf(question) }, host.stopSignal);
  const [best] = offered;
  if (best === undefined) {
    throw new AppError("SSH_UNREACHABLE", `${who} (${login.host}:${login.port}) offers no host key`, {
      retryable: true,
    });
  }
  const pin = judgePin(login, offered, readTrusted(dataDir));
  switch (pin.kind) {
    case "same":
      host.out(`${who} (${login.host}, port ${login.port}) offers the key that is pinned ${pin.where}:\n`);
      host.out(`  ${pin.fingerprint}\nThere is nothing to do.\n`);
      return true;
    case "none":
      return askAndPin(question, best);
    case "elsewhere":
      host.err(`${who}: the settings name a known_hosts file, which does not hold this host. `);
      host.err(
        `Compare the key as below, and add the line there:\n${described(question, best)}  ${best.line}\n`,
      );
      return false;
    case "revoked":
      host.err(
        `${who} offers ${best.fingerprint}, WHICH known_hosts MARKS AS REVOKED. Nothing was written.\n`,
      );
      return false;
    case "other":
      host.err(refusal(question, best, pin));
      return false;
  }
  return pin satisfies never;
}

async function askAndPin(question: Question, key: OfferedKey): Promise<boolean> {
  const { host, isJump, dataDir, answers } = question;
  const who = whoOf(question);
  host.out(described(question, key));
  if (answers !== null) {
    host.out(`Is this the key of ${who}? Type yes: `);
    const answer = await answers.next();
    if (answer !== "yes") {
      host.err(`${answer === "" ? "\n" : ""}Nothing was written: the answer was not yes.\n`);
      return false;
    }
  }
  const line = `${key.line} portcullis: ${who} trusted ${new Date().toISOString()}`;
  writeTrusted(dataDir, line);
  host.out(`\nWritten to ${trustedPath(dataDir)}, which Portcullis reads when it starts:\n  ${line}\n`);
  host.out(
    isJump
      ? `Or, in portcullis.yaml, instead of it, under \`jump:\`:\n  hostKey: ${key.fingerprint}\n`
      : `Or, in portcullis.yaml, instead of it:\n  hostKey: ${key.fingerprint}\n`,
  );
  return true;
}

function described(question: Question, { type, fingerprint }: OfferedKey): string {
  const { login } = question;
  const file = `/etc/ssh/ssh_host_${/ed25519|ecdsa|rsa/.exec(type)?.[0] ?? "ed25519"}_key.pub`;
  return [
    `${whoOf(question)} (${login.host}, port ${login.port}) offers:`,
    `  ${type}  ${fingerprint}`,
    "Somebody in between could show another key. So compare it on the host itself, at its console:",
    `  ssh-keygen -lf ${file}`,
    "",
  ].join("\n");
}

function refusal(question: Question, best: OfferedKey, pin: Extract<Pin, { kind: "other" }>): string {
  const { login } = question;
  const undo =
    pin.lineNumber === null
      ? `When the new key is right (see it with \`ssh-keygen -lf\` on the host), change the pin ${pin.where}`
      : `When it is the latter, delete line ${pin.lineNumber} of that file:\n  ${pin.line}\nand run this again`;
  return [
    `${whoOf(question)} (${login.host}, port ${login.port}) OFFERS ANOTHER KEY THAN THE PINNED ONE. Nothing was written.`,
    `  offered: ${best.fingerprint}`,
    `  pinned:  ${pin.fingerprint}, ${pin.where}${pin.since === null ? "" : `, trusted on ${pin.since}`}`,
    "Either somebody is in between and wants the login, or the host was installed anew or got new keys.",
    `${undo}.`,
    "",
  ].join("\n");
}
