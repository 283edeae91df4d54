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
  const noted = readHead(options.head);
  const verified =
    file === undefined
      ? await verifyOnline(host, await readReceiver(host), options, noted)
      : await verifyFile(host, file, noted);
  host.out(json === true ? shownJson(verified) : write(verified));
  return verified.ok ? 0 : 1;
}

/** @throws {AppError} CONFIG_INVALID */
function readHead(text: string | undefined): ReceiptHead | null {
  if (text === undefined) {
    return null;
  }
  const [, seq, hash = ""] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined) {
    throw wrongArgument(
      "--head: expected a number, a colon and 64 hex digits, as an earlier verification printed them",
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

function write({ ok, count, head, fault }: Verified): string {
  if (!ok) {
    const right = head === null ? "" : ` Up to ${head.seq} all is right.`;
    return fault === null
      ? "The receipts were changed.\n"
      : `The receipts were changed: number ${fault.seq} ${fault.problem}.${right}\n`;
  }
  return head === null
    ? "There is no receipt yet.\n"
    : `All is right: ${plural(count, "receipt")} in an unbroken chain.\nThe newest is ${head.seq}:${head.hash}\nKeep this line elsewhere: "portcullis receipts verify --head" later shows with it that nothing was taken from the end, nor everything made anew.\n`;
}
