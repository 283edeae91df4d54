import { readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { z } from "zod";
import { AppError, messageOf } from "../domain/errors.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { addBlockCommands } from "./block-commands.ts";
import { addControlCommands } from "./control-commands.ts";
import { addDecisionCommands } from "./decision-commands.ts";
import { addFirewallCommands } from "./firewall-commands.ts";
import type { ExitCode, Host } from "./host.ts";
import { isUnreachable } from "./is-unreachable.ts";
import { addPeopleCommands } from "./people-commands.ts";
import { addPlainCommands } from "./plain-commands.ts";
import { isWrongArgument } from "./wrong-argument.ts";

const PackageFile = z.object({ version: z.string() });

/** Runs one command. Never rejects: what goes wrong is printed, and told by the exit code. */
export async function run(argv: readonly string[], host: Host): Promise<ExitCode> {
  const version = await readVersion();
  let outcome: ExitCode = 0;
  const finish = (exitCode: ExitCode): void => {
    outcome = exitCode;
  };
  const program = new Command("portcullis")
    .description(
      "Takes Splunk alerts, checks each address, blocks confirmed attackers on every firewall, proves it, and tells you.",
    )
    .version(version)
    // What stands behind a command is that one's own, also when the one above has an option of this name.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: host.out, writeErr: host.err })
    .showHelpAfterError()
    .addHelpText("after", "\nSettings come from the environment and portcullis.yaml: see README.md.")
    .addHelpText(
      "afterAll",
      "\nExit codes: 0 done, 1 failed or something is wrong, 2 the receiver, Splunk or the firewall host can't be reached.",
    );
  addPlainCommands(program, host, version, finish);
  addControlCommands(program, host, finish);
  addBlockCommands(program, host, finish);
  addDecisionCommands(program, host, finish);
  addPeopleCommands(program, host, finish);
  const firewall = program.command("firewall");
  firewall.description("work with one firewall host: trust, check, probe, install, remove");
  addFirewallCommands(firewall, host, finish);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome;
  } catch (error) {
    return report(error, host);
  }
}

function report(error: unknown, host: Host): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : 1;
  }
  if (error instanceof AppError) {
    // A code is for who looks it up; who has mistyped something needs none.
    const start = isWrongArgument(error) ? "error" : error.code;
    host.err(`${start}: ${printableLines(error.message)}\n`);
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
