import { z } from "zod";
import { cleanText } from "../domain/clean-text.ts";
import { AppError } from "../domain/errors.ts";
import { plural } from "../notify/words.ts";
import { asTyped, readAnswer, refused, Shown, shownJson } from "./ask-api.ts";
import type { AskOptions } from "./ask-options.ts";
import { type BlockFormat, blockFormat } from "./block-format.ts";
import { type Answer, callReceiver, explain } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import { type PlainLine, readPlainList } from "./plain-list.ts";
import { readFor } from "./read-for.ts";
import { readInput } from "./read-input.ts";
import { readReceiver } from "./read-receiver.ts";
import { whoAmI } from "./who-am-i.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface ImportOptions extends AskOptions {
  /** `csv`, `json`, `jsonl`; left out: as the file's name ends. */
  readonly format?: string;
  /** For lines that have none. */
  readonly reason?: string;
  /** `24h`; how long, for a plain list of addresses. */
  readonly for?: string;
  /** Import the right lines although others are faulty. */
  readonly partial?: true;
  /** Although new blocks are paused. */
  readonly force?: true;
}

const mostBytes = 5 * 1024 * 1024;
/** Committing a hundred thousand blocks takes the receiver a while. */
const patienceMs = 5 * 60_000;

const LineFault = z.object({ line: z.number(), problem: Shown });
type LineFault = z.infer<typeof LineFault>;

const ImportAnswer = z.object({
  blocked: z.number(),
  unchangedCount: z.number(),
  unchanged: z.array(LineFault),
  faults: z.array(LineFault),
  faultCount: z.number(),
});

const Faults = z.object({ faults: z.array(LineFault).min(1), faultCount: z.number() });

/**
 * Blocks every network in a file. Nothing is imported when a line is faulty, unless `partial`.
 * @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED with the faulty lines
 */
export async function importBlocks(host: Host, file: string, options: ImportOptions): Promise<ExitCode> {
  const { json, url } = options;
  const format = blockFormat(options.format, /\.txt$/i.test(file) ? "list.csv" : file);
  if (format === undefined) {
    throw wrongArgument(
      `--format: say csv (also a plain list of addresses), json or jsonl, because the name ${JSON.stringify(file)} does not`,
    );
  }
  const input = readLines(file, await readInput(host, file), { format, options });
  const answer = await callReceiver(await readReceiver(host), {
    method: "POST",
    path: `/api/v1/blocks/import?${queryOf(host, options)}`,
    body: input.bytes,
    type: input.type,
    url,
    asAdmin: true,
    timeoutMs: patienceMs,
    signal: host.stopSignal,
  });
  if (answer.status !== 200) {
    throw refusal(answer, input.place);
  }
  const told = readAnswer(answer.body, ImportAnswer);
  host.out(json === true ? shownJson(answer.body) : write(told, input.place));
  return 0;
}

function queryOf(host: Host, { reason, partial, force }: ImportOptions): string {
  return new URLSearchParams({
    actor: whoAmI(host),
    ...(reason === undefined ? {} : { reason }),
    ...(partial === true ? { partial: "true" } : {}),
    ...(force === true ? { force: "true" } : {}),
  }).toString();
}

interface Input {
  readonly bytes: Buffer;
  readonly type: "text/csv" | "application/json";
  /** Where that is which the receiver calls line `n`: `line 7`. */
  readonly place: (line: number) => string;
}

/** JSON lines and a plain list become the list that the receiver takes. @throws {AppError} CONFIG_INVALID */
function readLines(
  file: string,
  bytes: Buffer,
  { format, options }: { readonly format: BlockFormat; readonly options: ImportOptions },
): Input {
  if (bytes.length > mostBytes) {
    throw wrongArgument(`${file} is larger than 5 MiB: split it`);
  }
  const plain = format === "csv" ? readPlainList(bytes.toString("utf8")) : undefined;
  if (plain !== undefined) {
    return plainInput(file, plain, options);
  }
  if (options.for !== undefined) {
    throw wrongArgument(
      "--for: is for a plain list of addresses; here each line says it as duration or until",
    );
  }
  if (format === "csv") {
    return { bytes, type: "text/csv", place: (line) => `line ${line}` };
  }
  if (format === "json") {
    return { bytes, type: "application/json", place: (line) => `item ${line}` };
  }
  const items: unknown[] = [];
  const lines: number[] = [];
  for (const [index, line] of bytes.toString("utf8").split(/\r?\n/).entries()) {
    if (line.trim() !== "") {
      items.push(readLine(file, index + 1, line));
      lines.push(index + 1);
    }
  }
  return listInput(file, items, lines);
}

function plainInput(file: string, plain: readonly PlainLine[], options: ImportOptions): Input {
  const { reason, for: duration } = options;
  if (reason === undefined || duration === undefined) {
    throw wrongArgument(
      `${file} is a plain list of addresses: say --reason and --for for all of them, or give it a header: network,reason,duration`,
    );
  }
  readFor("--for", duration);
  return listInput(
    file,
    plain.map(({ network }) => ({ network, duration })),
    plain.map(({ line }) => line),
  );
}

/** @param lines where each item stands in the file */
function listInput(file: string, items: readonly unknown[], lines: readonly number[]): Input {
  const bytes = Buffer.from(JSON.stringify(items));
  if (bytes.length > mostBytes) {
    throw wrongArgument(`${file} is too long: split it`);
  }
  return { bytes, type: "application/json", place: (line) => `line ${lines[line - 1] ?? line}` };
}

function readLine(file: string, number: number, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw wrongArgument(`${file}: line ${number} is not JSON`);
  }
}

/** More lines than these are not shown. */
const mostShown = 20;

function refusal(answer: Answer, place: Input["place"]): AppError {
  const { success, data } = Faults.safeParse(answer.body);
  if (!success) {
    return refused(answer);
  }
  const told = `${cleanText(asTyped(explain(answer)), 500)}\n`;
  return new AppError("API_REFUSED", `${told}${linesOf(data.faults, data.faultCount, place)}`.trimEnd(), {
    retryable: false,
  });
}

function write(
  { blocked, unchangedCount, unchanged, faults, faultCount }: z.infer<typeof ImportAnswer>,
  place: Input["place"],
): string {
  return [
    `Blocked: ${plural(blocked, "network")}. "portcullis status" shows when the firewalls have them.\n`,
    ...(unchangedCount === 0
      ? []
      : [`Nothing new for ${unchangedCount}:\n${linesOf(unchanged, unchangedCount, place)}`]),
    ...(faultCount === 0 ? [] : [`Left out, ${faultCount}:\n${linesOf(faults, faultCount, place)}`]),
  ].join("");
}

function linesOf(faults: readonly LineFault[], count: number, place: Input["place"]): string {
  const shown = faults.slice(0, mostShown);
  const left = count - shown.length;
  return [
    ...shown.map(({ line, problem }) => `  ${place(line)}: ${problem}\n`),
    ...(left > 0 ? [`  … and ${left} more: use --json\n`] : []),
  ].join("");
}
