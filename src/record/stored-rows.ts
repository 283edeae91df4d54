import { z } from "zod";
import type { Row } from "../domain/alert.ts";
import { Json } from "./columns.ts";

/** Rows of an alert, as they are kept. Checked by hand: there may be 50,000, and schemas for each part take longer than reading the text. */
export const StoredRows = Json.pipe(z.custom<readonly Row[]>(isRows, "not rows of an alert"));

function isRows(value: unknown): value is readonly Row[] {
  return isListOf(value, (row) => isListOf(row, isField));
}

function isField(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && isListOf(value[1], isText)
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isListOf(value: unknown, isRight: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isRight);
}
