import { userOf } from "./failed-log-on.ts";

/** The first sentence of event 4625, and of no other. */
export const firstSentence = "An account failed to log on";

const address = /Source Network Address:\s{0,40}(\S{1,64})\s{1,40}Source Port:\s{0,40}\S{1,10}\s/g;
const account =
  /Account For Which Logon Failed:[\s\S]{0,400}?Account Name:[ \t]{0,40}([^\t\r\n]{0,300}?)\s{0,40}(?:Account Domain:|[\r\n])/;

/**
 * The address and the name in the text of event 4625, on many lines or on one; undefined when it is not whole.
 * Names of users and workstations are the attacker's text, and stand before the address: so the last address counts.
 */
export function readMessage(
  text: string,
): { readonly address: string; readonly user: string | null } | undefined {
  const last = [...text.matchAll(address)].at(-1);
  if (last === undefined || !text.includes("Logon Process:", last.index)) {
    return undefined;
  }
  return { address: last[1] ?? "-", user: userOf(account.exec(text)?.[1]) };
}
