import type { Sections } from "./host-facts.ts";

/** The same texts with nothing in them that a terminal would obey, or that hides or turns around what stands beside it. */
export function cleanSections(sections: Sections): Sections {
  return new Map([...sections].map(([name, lines]) => [name, lines.map(clean)]));
}

function clean(line: string): string {
  return line
    .toWellFormed()
    .replaceAll("\t", " ")
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
