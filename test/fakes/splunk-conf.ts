import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The stanzas of one of the app's .conf files, as far as they are `key = value` lines. */
export function readAppConf(name: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const path = join(import.meta.dirname, "../../splunk-app/default", name);
  const stanzas = new Map<string, Map<string, string>>();
  let stanza = new Map<string, string>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    const [, key, value] = /^([^#=\s][^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (header !== undefined) {
      stanza = new Map();
      stanzas.set(header, stanza);
    } else if (key !== undefined && value !== undefined) {
      stanza.set(key, value);
    }
  }
  return stanzas;
}
