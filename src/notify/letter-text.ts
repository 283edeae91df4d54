import type { Letter, Part, Row } from "./letter.ts";

/** The letter as plain text. */
export function letterText({ verdict, title, subtitle, lead, sections, footer }: Letter): string {
  const body = sections.flatMap(({ heading, parts }) => [
    "",
    heading,
    "-".repeat(heading.length),
    ...parts.flatMap((part, index) => (index === 0 ? partLines(part) : ["", ...partLines(part)])),
  ]);
  return `${[`${verdict.toUpperCase()}: ${title}${subtitle === "" ? "" : ` (${subtitle})`}`, "", lead, ...body, "", "--", footer].join("\n")}\n`;
}

function partLines(part: Part): readonly string[] {
  if (part.kind === "rows") {
    return rowLines(part.rows);
  }
  if (part.kind === "list") {
    return part.items.map((item) => `* ${item}`);
  }
  return part.kind === "paragraph" ? [part.text] : [`    ${part.text}`];
}

function rowLines(rows: readonly Row[]): readonly string[] {
  const width = Math.min(24, Math.max(...rows.map(({ label }) => label.length)) + 1);
  const indent = " ".repeat(width);
  return rows.flatMap(({ label, value, details, link }) =>
    [value, ...details, link ?? ""]
      .filter((line) => line !== "")
      .map((line, index) => `${index === 0 ? `${label}:`.padEnd(width) : indent} ${line}`),
  );
}
