import type { Command } from "commander";
import type { AskOptions } from "./ask-options.ts";
import { asking, askingForFile } from "./asking.ts";
import { block, type BlockOptions } from "./block.ts";
import { blocks, type BlocksOptions } from "./blocks.ts";
import { explain } from "./explain.ts";
import { exportBlocks, type ExportOptions } from "./export-blocks.ts";
import type { ExitCode, Host } from "./host.ts";
import { importBlocks, type ImportOptions } from "./import-blocks.ts";
import { unblock, type UnblockOptions } from "./unblock.ts";

type Finish = (exitCode: ExitCode) => void;

/** Commands about blocks and single addresses. @param finish gets the exit code */
export function addBlockCommands(program: Command, host: Host, finish: Finish): void {
  addBlocks(program, host, finish);
  addBlock(program, host, finish);
  addUnblock(program, host, finish);
  const explainCommand = program
    .command("explain")
    .description("say in plain words what is known about an address, what was done, and why")
    .argument("<address>", "an IP address");
  asking(explainCommand, "explain 203.0.113.5").action(async (address: string, options: AskOptions) => {
    finish(await explain(host, address, options));
  });
  addFiles(program, host, finish);
}

function addBlocks(program: Command, host: Host, finish: Finish): void {
  const command = program
    .command("blocks")
    .alias("list")
    .description("what is blocked, until when, on which firewalls, and what it has dropped")
    .argument("[address]", "only what covers this IP address or network")
    .option("--all", "also what does not stand any more")
    .option("--limit <n>", "so many at most");
  asking(command, "blocks 203.0.113.5 --all").action(
    async (address: string | undefined, options: BlocksOptions) => {
      finish(await blocks(host, address, options));
    },
  );
}

function addBlock(program: Command, host: Host, finish: Finish): void {
  const command = program
    .command("block")
    .description("block an address or network on every firewall, or make its block last longer")
    .argument("<address>", "an IP address or a network like 203.0.113.0/24, at most a /24 or /48")
    .requiredOption("--reason <text>", "why, for the record")
    .option("--for <duration>", "how long: 30m, 24h, 7d, permanent", "24h")
    .option(
      "--group <group>",
      "only on the firewalls of this group; may be repeated",
      (group: string, before: readonly string[] | undefined) => [...(before ?? []), group],
    )
    .option("--force", "although new blocks are paused (administrators)")
    .option("--no-wait", "do not wait until the firewalls drop it");
  asking(command, 'block 203.0.113.5 --for 24h --reason "brute force on the VPN"').action(
    async (address: string, options: BlockOptions) => {
      finish(await block(host, address, options));
    },
  );
}

function addUnblock(program: Command, host: Host, finish: Finish): void {
  const command = program
    .command("unblock")
    .description("lift a block on every firewall; alerts can't block the address again for the grace period")
    .argument("<address>", "an IP address or a network like 203.0.113.0/24")
    .option("--reason <text>", "why, for the record")
    .option("--grace <duration>", "how long alerts can't block it again: 30m, 24h, 7d, or 0")
    .option("--no-wait", "do not wait until the firewalls have confirmed it");
  asking(command, 'unblock 203.0.113.5 --grace 24h --reason "a customer"').action(
    async (address: string, options: UnblockOptions) => {
      finish(await unblock(host, address, options));
    },
  );
}

function addFiles(program: Command, host: Host, finish: Finish): void {
  const importCommand = program
    .command("import")
    .description("block every network in a file; nothing is imported when a line is faulty")
    .argument(
      "<file>",
      "CSV whose first line names the columns (network,reason,duration or until; also groups), a plain list of addresses (with --reason and --for), JSON or JSON lines; - reads standard input",
    )
    .option("--format <format>", "csv, json or jsonl, when the file's name does not tell")
    .option("--reason <text>", "for lines that have none")
    .option("--for <duration>", "for a plain list: how long, 24h, 7d, permanent")
    .option("--partial", "import the right lines although others are faulty")
    .option("--force", "although new blocks are paused");
  asking(importCommand, 'import attackers.csv --reason "from the CERT"').action(
    async (file: string, options: ImportOptions) => {
      finish(await importBlocks(host, file, options));
    },
  );
  const exportCommand = program
    .command("export")
    .description("write all standing blocks as one file, which import can read")
    .option("--format <format>", "csv, json or jsonl; default is what the file's name says, else json")
    .option("-o, --output <file>", "write to this file instead of standard output");
  askingForFile(exportCommand, "export -o blocks.csv").action(async (options: ExportOptions) => {
    finish(await exportBlocks(host, options));
  });
}
