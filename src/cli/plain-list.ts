import { parseIpPrefix } from "../domain/ip-address.ts";

/** A line of a list of networks, from 1. */
export interface PlainLine {
  readonly line: number;
  readonly network: string;
}

/**
 * Reads a list of addresses and networks, one per line; what follows `#` or `;` is a remark.
 * @returns undefined when its first line is none: it is something else
 */
export function readPlainList(text: string): readonly PlainLine[] | undefined {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ line: index + 1, network: line.replace(/[#;].*$/, "").trim() }))
    .filter(({ network }) => network !== "");
  const [first] = lines;
  return first === undefined || parseIpPrefix(first.network) === undefined ? undefined : lines;
}
