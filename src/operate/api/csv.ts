/** One record of a CSV text: its cells, and the line on which it begins, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads CSV as RFC 4180 writes it: cells in quotes may hold commas, quotes (doubled) and line breaks. Empty lines are left out.
 * @returns the records, or the line of a quote that is not closed or stands where none may
 */
export function readCsv(
  text: string,
): { readonly records: readonly CsvRecord[] } | { readonly badLine: number } {
  const records: CsvRecord[] = [];
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  cell.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  let line = 1;
  let record = { line, cells: new Array<string>() };
  while (cell.lastIndex < text.length || record.cells.length > 0) {
    const found = cell.exec(text);
    if (found === null) {
      return { badLine: line };
    }
    const [all, quoted, plain = "", end] = found;
    record.cells.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    line += lineBreaksIn(all);
    if (end !== ",") {
      records.push(record);
      record = { line, cells: [] };
    }
  }
  return { records: records.filter(({ cells }) => cells.length > 1 || cells[0] !== "") };
}

function lineBreaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

/** One line of CSV. A cell that a spreadsheet would run gets a `'` before it. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(defused(cell))).join(",")}\r\n`;
}

/** What `csvLine` wrote, as it was. */
export function undefused(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

function defused(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
