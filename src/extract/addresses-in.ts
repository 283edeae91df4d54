import { type IpAddress, parseIpAddress } from "../domain/ip-address.ts";
import { readAddress } from "./read-address.ts";

const longestAddress = 45;
const defanged = /\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|\[:\]|\(:\)/gi;
const separator = /[\s,;|"'`<>(){}]+/;

/**
 * The addresses in a text that holds addresses and little else: one, or several with separators, quotes or brackets
 * around them, also written `203[.]0[.]113[.]5` so that nobody clicks on them. Takes time in proportion to its length.
 */
export function addressesIn(text: string): readonly IpAddress[] {
  const single = text.length <= longestAddress ? parseIpAddress(text) : undefined;
  if (single !== undefined) {
    return [single];
  }
  const plain = text.replace(defanged, (dot) => (dot.includes(":") ? ":" : "."));
  return [...new Set(plain.split(separator))].flatMap((token) => readToken(token) ?? []);
}

function readToken(token: string): IpAddress | undefined {
  return readAddress(token) ?? readAddress(withoutListBrackets(token));
}

/** `[203.0.113.5` and `203.0.113.6]` are the ends of a list. */
function withoutListBrackets(token: string): string {
  const start = token.startsWith("[") ? 1 : 0;
  return token.slice(start, token.endsWith("]") ? -1 : undefined);
}
