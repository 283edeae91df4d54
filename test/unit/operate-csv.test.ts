import { array, assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine, readCsv, undefused } from "../../src/operate/api/csv.ts";

describe("CSV", () => {
  test.each([
    [
      "a,b\r\n1,2\r\n",
      [
        [1, ["a", "b"]],
        [2, ["1", "2"]],
      ],
    ],
    [
      "\ufeffa\n\n\nb",
      [
        [1, ["a"]],
        [4, ["b"]],
      ],
    ],
    ['"x, ""y""",z\n', [[1, ['x, "y"', "z"]]]],
    [
      '"two\nlines",z\nnext,1',
      [
        [1, ["two\nlines", "z"]],
        [3, ["next", "1"]],
      ],
    ],
    [" a , b \r", [[1, ["a", "b"]]]],
    ["a,", [[1, ["a", ""]]]],
    ["", []],
  ])("%j is read with the line on which each record begins", (text, expected) => {
    const read = readCsv(text);

    expect("records" in read ? read.records.map(({ line, cells }) => [line, cells]) : read).toEqual(expected);
  });

  test.each([
    ['a\n"never closed', 2],
    ['a\nb\n"x"y,z', 3],
    ['a"b', 1],
  ])("%j names the line that can't be read", (text, badLine) => {
    expect(readCsv(text)).toEqual({ badLine });
  });

  test("a cell of 4 MiB is read, and a quote that is not closed in it is found, in no time", () => {
    const huge = "x,y\n".repeat(1_000_000);

    expect(readCsv(`"${huge}",1`)).toEqual({ records: [{ line: 1, cells: [huge, "1"] }] });
    expect(readCsv(`a,1\n"${huge}`)).toEqual({ badLine: 2 });
  });

  test.each([
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ["a=b", "a=b"],
    ['say "x", y', '"say ""x"", y"'],
  ])("%j is written so that no spreadsheet runs it", (cell, written) => {
    expect(csvLine([cell])).toBe(`${written}\r\n`);
  });

  test("whatever is written is read back", () => {
    const cell = string().map((text) => text.replaceAll("\0", ""));
    assert(
      property(array(cell, { minLength: 2, maxLength: 5 }), (cells) => {
        const read = readCsv(csvLine(cells));
        expect("records" in read && read.records[0]?.cells.map(undefused)).toEqual(
          cells.map((text) => (/^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text)),
        );
      }),
    );
  });
});
