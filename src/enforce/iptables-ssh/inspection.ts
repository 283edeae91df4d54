import { printable } from "./printable.ts";
import type { ScriptLink } from "./script-link.ts";

/** Raw facts about a firewall host: the lines of each section that the script told of, safe to show. */
export type Inspection = ReadonlyMap<string, readonly string[]>;

/** Asks the host for its raw facts; changes nothing there. Throws as `link.ask` does. */
export async function inspect(link: Pick<ScriptLink, "ask">, signal: AbortSignal): Promise<Inspection> {
  return sectionsOf(await link.ask({ lines: ["inspect"], isLarge: false }, signal));
}

/** The lines `text SECTION LINE` by their sections, in their order; other lines are left out. */
export function sectionsOf(lines: readonly string[]): Inspection {
  const sections = new Map<string, string[]>();
  for (const line of lines) {
    const found = /^text (\S+)(?: (.*))?$/s.exec(line);
    if (found !== null) {
      const [, name = "", text = ""] = found;
      const section = sections.get(name) ?? [];
      section.push(printable(text));
      sections.set(name, section);
    }
  }
  return sections;
}
