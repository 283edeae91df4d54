import { storable } from "./engine.ts";

/** The same text for values that are the same in JSON, whatever the order of their keys, and as both engines keep texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(sorted(JSON.parse(JSON.stringify(value) ?? "null")));
}

function sorted(value: unknown): unknown {
  if (typeof value === "string") {
    return storable(value).toWellFormed();
  }
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, sorted(inner)] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value;
}
