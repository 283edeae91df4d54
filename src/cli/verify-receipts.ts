import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import type { ReceiptHead } from "../domain/receipt.ts";
import { plural } from "../notify/words.ts";
import { askApi, readAnswer, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { notedFault } from "./noted-fault.ts";
import { Head, type Verified, VerifyAnswer } from "./verify-answer.ts";
import { verifyFile } from "./verify-file.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface VerifyOptions extends AskOptions {
  /** Path of an export; `-` is standard input. Left out: the receiver reads its own chain. */
  readonly file?: string;
  /** `SEQ:HASH` as an earlier verification printed it. */
  readonly head?: string;
  /** `SEQ:HASH` of the receipt right before the file, which holds only what came later. */
  readonly from?: string;
  /** The file need not hold the beginning. */
  readonly part?: true;
}

/** A long chain takes the receiver a while. */
const patienceMs = 10 * 60_000;

/**
 * Finds any edit of the receipts: those of the receiver, or those of an exported file without asking anybody. Exit code 1 when there is
 * one.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function verifyReceipts(host: Host, options: VerifyOptions): Promise<ExitCode> {
  const { file, json } = options;
  const noted = readHead("--head", options.head);
  const from = readHead("--from", options.from);
  if (file === undefined && (from !== null || options.part === true)) {
    throw wrongArgument("--from and --part are about a file: say --file too");
  }
  const verified =
    file === undefined
      ? await verifyOnline(host, await readReceiver(host), options, noted)
      : await verifyFile(host, file, { noted, from, part: options.part === true });
  host.out(json === true ? shownJson(verified) : write(verified));
  return verified.ok ? 0 : 1;
}

/** @throws {AppError} CONFIG_INVALID */
function readHead(option: string, text: string | undefined): ReceiptHead | null {
  if (text === undefined) {
    return null;
  }
  const [, seq, hash = ""] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined) {
    throw wrongArgument(
      `${option}: expected a number, a colon and 64 hex digits, as an earlier verification printed them`,
    );
  }
  return { seq: Number(seq), hash };
}

async function verifyOnline(
  { stopSignal: signal }: Host,
  config: ReceiverConfig,
  { url }: VerifyOptions,
  noted: ReceiptHead | null,
): Promise<Verified> {
  const path = "/api/v1/receipts/verify";
  const call = { method: "GET", path, url, signal, timeoutMs: patienceMs } as const;
  const verified = readAnswer(await askApi(config, call), VerifyAnswer);
  if (noted === null || !verified.ok) {
    return verified;
  }
  const body = await askApi(config, {
    method: "GET",
    path: `/api/v1/receipts?after=${noted.seq - 1}&limit=1`,
    url,
  });
  const [found] = readAnswer(body, z.object({ receipts: z.array(Head) })).receipts;
  const fault = notedFault(noted, found);
  return fault === null ? verified : { ...verified, ok: false, fault };
}

function write(verified: Verified): string {
  const { fault, disagreements = [], disagreementCount = 0 } = verified;
  const chain = fault === null ? chainWords(verified) : faultWords(verified, fault);
  if (disagreementCount === 0) {
    const isSaid = verified.ok || fault !== null || verified.first !== undefined;
    return isSaid ? chain : "The receipts were changed.\n";
  }
  const left = disagreementCount - disagreements.length;
  return [
    chain,
    `The database says otherwise than its receipts, ${disagreementCount} times:\n`,
    ...disagreements.map((one) => `  ${one}\n`),
    ...(left > 0 ? [`  … and ${left} more\n`] : []),
  ].join("");
}

function faultWords({ head, first }: Verified, { seq, problem }: NonNullable<Verified["fault"]>): string {
  const right =
    head === null ? "" : ` ${first === undefined ? "Up to" : `From ${first} to`} ${head.seq} all is right.`;
  return `The receipts were changed: number ${seq} ${problem}.${right}\n`;
}

function chainWords({ ok, count, head, first, rows }: Verified): string {
  if (head === null) {
    return "There is no receipt yet.\n";
  }
  if (first !== undefined) {
    const part = `An unbroken chain: receipts ${first} to ${head.seq}; what was before is not in this file.\n`;
    return ok
      ? part
      : `${part}Say --part if that is as it should be, or with --from what came right before.\n`;
  }
  const compared = rows === undefined ? "" : `, and ${plural(rows, "row")} of the database as they say`;
  const done = `${plural(count, "receipt")} in an unbroken chain${ok ? compared : ""}`;
  return `${ok ? "All is right: " : ""}${done}.\nThe newest is ${head.seq}:${head.hash}\nKeep this line elsewhere: "portcullis receipts verify --head" later shows with it that nothing was taken from the end, nor everything made anew.\n`;
}
