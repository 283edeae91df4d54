import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConf } from "../splunk-app/appinspect/conf.ts";

/** One stanza: its keys and values; a continued value has line ends in it. */
export type Stanza = ReadonlyMap<string, string>;

/** The folder `default` of the Splunk app. */
export const appDefault = join(import.meta.dirname, "../../splunk-app/default");

/** A file of the Splunk app's configuration: stanza by name. Its mistakes are an error. */
export function readConf(name: string): ReadonlyMap<string, Stanza> {
  const { stanzas, mistakes } = parseConf(name, readFileSync(join(appDefault, name), "utf8"));
  if (mistakes.length > 0) {
    throw new Error(`${name}: ${JSON.stringify(mistakes)}`);
  }
  return new Map(
    stanzas.map((stanza) => [stanza.name, new Map(stanza.settings.map(({ key, value }) => [key, value]))]),
  );
}
