import { readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { AppError, messageOf } from "../domain/errors.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { audit } from "./audit.ts";
import { blocks, type BlocksOptions } from "./blocks.ts";
import { checkConfig } from "./check-config.ts";
import { demo } from "./demo.ts";
import { addFirewallCommands } from "./firewall-commands.ts";
import { healthcheck } from "./healthcheck.ts";
import type { ExitCode, Host } from "./host.ts";
import { isUnreachable } from "./is-unreachable.ts";
import { replay } from "./replay.ts";
import { secrets } from "./secrets.ts";
import { serve } from "./serve.ts";
import { showConfig } from "./show-config.ts";
import { status } from "./status.ts";
import { unblock, type UnblockOptions } from "./unblock.ts";

const urlText = "the receiver, when it is not the one configured here: http://host:8080";

const PackageFile = z.object({ version: z.string() });

/** Runs one command. Never rejects: what goes wrong is printed, and told by the exit code. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  const version = await readVersion();
  const outcome: Outcome = { exitCode: 0 };
  const program = new Command("portcullis")
    .description(
      "Takes Splunk alerts, checks each address, blocks confirmed attackers on every firewall, proves it, and tells you.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: host.out, writeErr: host.err })
    .showHelpAfterError()
    .addHelpText("after", "\nSettings come from the environment and portcullis.yaml: see README.md.")
    .addHelpText(
      "afterAll",
      "\nExit codes: 0 done, 1 failed or something is wrong, 2 the receiver or the firewall host can't be reached.",
    );
  addPlainCommands(program, host, version, outcome);
  addCommandsWithOptions(program, host, outcome);
  addBlockCommands(program, host, outcome);
  addAudit(program, host, outcome);
  addFirewallCommands(
    program
      .command("firewall")
      .description("work with one firewall host: trust, check, probe, install, remove"),
    host,
    (exitCode) => {
      outcome.exitCode = exitCode;
    },
  );
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    return report(error, host);
  }
}

interface Outcome {
  exitCode: ExitCode;
}

function addPlainCommands(program: Command, host: Host, version: string, outcome: Outcome): void {
  const add = (name: string, description: string, work: () => Promise<ExitCode>): void => {
    program
      .command(name)
      .description(description)
      .action(async () => {
        outcome.exitCode = await work();
      });
  };
  add("serve", "run the receiver", () => serve(host, version));
  add("demo", "show the whole loop with stand-ins; nothing needs to be configured", () =>
    demo(host, version),
  );
  add("check-config", "check the settings and name every mistake", () => checkConfig(host));
  add("show-config", "print the settings, secrets masked", () => showConfig(host));
  add("secrets", "print the webhook URL and the secrets", () => secrets(host));
  add("healthcheck", "exit code 0 when the receiver answers; for containers", () => healthcheck(host));
}

function addCommandsWithOptions(program: Command, host: Host, outcome: Outcome): void {
  program
    .command("replay")
    .description("send alerts from JSON files to the running receiver")
    .argument("<file...>", "files with one Splunk webhook payload each; - reads standard input")
    .option("--url <url>", urlText)
    .option("--new-sid", "give each alert a sid of its own, so that it is not taken for a repeat")
    .action(async (files: readonly string[], options: { readonly url?: string; readonly newSid?: true }) => {
      outcome.exitCode = await replay(host, files, options);
    });
  program
    .command("status")
    .description("how the receiver is doing; exit code 1 when something is wrong")
    .option("--json", "print it as JSON")
    .option("--url <url>", urlText)
    .action(async (options: { readonly json?: true; readonly url?: string }) => {
      outcome.exitCode = await status(host, options);
    });
}

function addBlockCommands(program: Command, host: Host, outcome: Outcome): void {
  program
    .command("blocks")
    .description("what is blocked, until when, on which firewalls, and what it has dropped")
    .argument("[address]", "only what covers this IP address or network")
    .option("--all", "also what does not stand any more")
    .option("--limit <n>", "so many at most")
    .option("--json", "print it as JSON")
    .option("--url <url>", urlText)
    .action(async (address: string | undefined, options: BlocksOptions) => {
      outcome.exitCode = await blocks(host, address, options);
    });
  program
    .command("unblock")
    .description("lift a block on every firewall; alerts can't block the address again for the grace period")
    .argument("<address>", "an IP address or a network like 203.0.113.0/24")
    .option("--reason <text>", "why, for the record")
    .option("--grace <duration>", "how long alerts can't block it again: 30m, 24h, 7d, or 0")
    .option("--no-wait", "do not wait until the firewalls have confirmed it")
    .option("--json", "print it as JSON")
    .option("--url <url>", urlText)
    .action(async (address: string, options: UnblockOptions) => {
      outcome.exitCode = await unblock(host, address, options);
    });
}

function addAudit(program: Command, host: Host, outcome: Outcome): void {
  program
    .command("audit")
    .description("judge a firewall host's whole rule set against good practice; changes nothing there")
    .argument("<name>", "the firewall's name in the settings")
    .option("--json", "print it as JSON")
    .action(async (name: string, options: { readonly json?: true }) => {
      outcome.exitCode = await audit(host, name, options);
    });
}

function report(error: unknown, host: Host): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : 1;
  }
  if (error instanceof AppError) {
    host.err(`${error.code}: ${printableLines(error.message)}\n`);
    return isUnreachable(error) ? 2 : 1;
  }
  host.err(
    `Portcullis has a bug: ${printableLines(error instanceof Error ? (error.stack ?? error.message) : messageOf(error))}\n`,
  );
  return 1;
}

/** A message may quote what a host said. */
function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return PackageFile.parse(JSON.parse(text)).version;
}
