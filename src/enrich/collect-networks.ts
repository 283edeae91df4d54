import { familyOf, lengthOf, parseIpPrefix } from "../domain/ip-address.ts";
import type { ListedNetwork } from "../ports.ts";
import { answerInvalid } from "./provider-errors.ts";

/** A line of a list as it came; undefined: it could not be read at all. */
export type ListLine = { readonly network: string; readonly note: string } | undefined;

export interface CollectOptions {
  /** Lengths of the widest networks that this list can have. Anything wider is an error in it. */
  readonly widest: { readonly 4: number; readonly 6: number };
  /** Share of lines that may be wrong, from 0 to 1. */
  readonly mostBroken: number;
}

const longestNote = 100;

/**
 * The networks of a list, each once, in its order.
 * @throws {AppError} PROVIDER_ANSWER_INVALID when more lines are wrong than may be
 */
export function collectNetworks(
  service: string,
  lines: readonly ListLine[],
  options: CollectOptions,
): readonly ListedNetwork[] {
  const read = lines.flatMap((line) => readLine(line, options.widest) ?? []);
  const broken = lines.length - read.length;
  if (broken > lines.length * options.mostBroken) {
    throw answerInvalid(service, `has ${broken} wrong lines out of ${lines.length}`);
  }
  return [...new Map(read.map((listed) => [listed.prefix, listed])).values()];
}

function readLine(line: ListLine, widest: CollectOptions["widest"]): ListedNetwork | undefined {
  const prefix = line && parseIpPrefix(line.network);
  return prefix === undefined || lengthOf(prefix) < widest[familyOf(prefix)]
    ? undefined
    : { prefix, note: noteOf(line?.note ?? "") };
}

/** One short line: it is kept in a line of its own. */
function noteOf(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, longestNote);
}
