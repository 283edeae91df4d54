import type { Command } from "commander";
import { allowAdd, type AllowOptions } from "./allow-add.ts";
import { allowList } from "./allow-list.ts";
import { allowRemove, type RemoveOptions } from "./allow-remove.ts";
import type { AskOptions } from "./ask-options.ts";
import { asking, askingForFile } from "./asking.ts";
import type { ExitCode, Host } from "./host.ts";
import { receiptExport, type ReceiptExportOptions } from "./receipt-export.ts";
import { receiptList, type ReceiptListOptions } from "./receipt-list.ts";
import { tokenCreate, type TokenOptions } from "./token-create.ts";
import { tokenList } from "./token-list.ts";
import { tokenRevoke } from "./token-revoke.ts";
import { verifyReceipts, type VerifyOptions } from "./verify-receipts.ts";

type Finish = (exitCode: ExitCode) => void;

/** Commands about who may do what, who must not be blocked, and the record of it all. @param finish gets the exit code */
export function addPeopleCommands(program: Command, host: Host, finish: Finish): void {
  addAllow(
    program.command("allow").description("networks that must not be blocked: add, list, remove"),
    host,
    finish,
  );
  addToken(
    program.command("token").description("who else may use the API: create, list, revoke"),
    host,
    finish,
  );
  addReceipts(
    program.command("receipts").description("the unbroken record of everything done: list, verify, export"),
    host,
    finish,
  );
}

function addAllow(group: Command, host: Host, finish: Finish): void {
  const add = group
    .command("add")
    .description("put a network on the allow-list; lifts every block that shares an address with it, at once")
    .argument("<network>", "an IP address or a network like 203.0.113.0/24")
    .requiredOption("--reason <text>", "why, for the record")
    .option("--owner <name>", "whose network it is")
    .option("--for <duration>", "how long: 24h, 30d; default is always")
    .option(
      "--until <date>",
      "until when: 2027-01-31 (the end of that day in UTC), or with a time 2027-01-31T12:00:00Z",
    )
    .option("--wide", "although it is wider than /16 (IPv4) or /32 (IPv6); administrators")
    .option("--no-wait", "do not wait until the firewalls have confirmed it");
  asking(add, 'allow add 203.0.113.0/24 --reason "our office" --owner "network team" --for 30d').action(
    async (network: string, options: AllowOptions) => {
      finish(await allowAdd(host, network, options));
    },
  );
  const list = group.command("list").description("the allow-list, of the settings and added by people");
  asking(list, "allow list").action(async (options: AskOptions) => {
    finish(await allowList(host, options));
  });
  const remove = group
    .command("remove")
    .description("take an entry off the allow-list; nothing is blocked by that")
    .argument("<which>", "its id, or its network")
    .option("--reason <text>", "why, for the record");
  asking(remove, "allow remove 203.0.113.0/24").action(async (which: string, options: RemoveOptions) => {
    finish(await allowRemove(host, which, options));
  });
}

function addToken(group: Command, host: Host, finish: Finish): void {
  const create = group
    .command("create")
    .description("make a token for a person or a program; prints its secret, this once")
    .argument("<name>", "whom it is for, as it stands on record")
    .requiredOption("--role <role>", "viewer, operator or administrator")
    .option("--for <duration>", "how long it is valid: 90d; default is without end");
  asking(create, "token create dashboard --role viewer --for 90d").action(
    async (name: string, options: TokenOptions) => {
      finish(await tokenCreate(host, name, options));
    },
  );
  const list = group.command("list").description("tokens, without their secrets");
  asking(list, "token list").action(async (options: AskOptions) => {
    finish(await tokenList(host, options));
  });
  const revoke = group
    .command("revoke")
    .description("refuse a token from now on")
    .argument("<id>", 'as "portcullis token list" shows it')
    .option("--reason <text>", "why, for the record");
  asking(revoke, "token revoke 0123456789ab").action(
    async (id: string, options: AskOptions & { readonly reason?: string }) => {
      finish(await tokenRevoke(host, id, options));
    },
  );
}

function addReceipts(group: Command, host: Host, finish: Finish): void {
  const afterText = "from the one after this number";
  const list = group
    .command("list")
    .description("receipts, oldest first")
    .option("--after <number>", afterText)
    .option("--limit <n>", "so many at most");
  asking(list, "receipts list --after 100").action(async (options: ReceiptListOptions) => {
    finish(await receiptList(host, options));
  });
  const verify = group
    .command("verify")
    .description(
      "find any edit of the receipts, and what the database says otherwise; exit code 1 when there is something",
    )
    .option("--file <file>", "of this export, without asking the receiver; - reads standard input")
    .option("--part", "the file need not hold the beginning")
    .option("--from <number:hash>", "the receipt right before those of the file")
    .option("--head <number:hash>", "must be in it: the newest one, as an earlier verification printed it");
  asking(verify, "receipts verify --file receipts.jsonl").action(async (options: VerifyOptions) => {
    finish(await verifyReceipts(host, options));
  });
  const exportCommand = group
    .command("export")
    .description("write all receipts as JSON lines")
    .option("-o, --output <file>", "write to this file instead of standard output")
    .option("--after <number>", afterText);
  askingForFile(exportCommand, "receipts export -o receipts.jsonl").action(
    async (options: ReceiptExportOptions) => {
      finish(await receiptExport(host, options));
    },
  );
}
