import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One stanza: its keys and values; a continued value has line ends in it. */
export type Stanza = ReadonlyMap<string, string>;

/** The root of the Splunk app. */
export const splunkApp = join(import.meta.dirname, "../../splunk-app");

/** A file of Splunk's configuration: stanza by name. Names that occur twice are an error. */
export function readConf(name: string): ReadonlyMap<string, Stanza> {
  const stanzas = new Map<string, Map<string, string>>();
  let stanza: Map<string, string> | undefined;
  const text = readFileSync(join(splunkApp, "default", name), "utf8");
  for (const line of text.replaceAll("\\\n", "\u0000").split("\n")) {
    const head = /^\[(?<name>.*)\]$/.exec(line)?.groups?.["name"];
    if (head !== undefined) {
      stanza = new Map();
      putOnce(stanzas, head, stanza, name);
    } else if (line !== "" && !line.startsWith("#")) {
      const [key = "", ...rest] = line.split("=");
      if (stanza === undefined) {
        throw new Error(`${name}: "${key}" stands above the first stanza`);
      }
      putOnce(stanza, key.trim(), rest.join("=").trim().replaceAll("\u0000", "\n"), name);
    }
  }
  return stanzas;
}

function putOnce<Value>(map: Map<string, Value>, key: string, value: Value, file: string): void {
  if (map.has(key)) {
    throw new Error(`${file}: "${key}" is there twice`);
  }
  map.set(key, value);
}
