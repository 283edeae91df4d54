import type { ExtractConfig } from "../config/config.ts";
import { createPattern } from "../domain/pattern.ts";

/** What a field is read for. A lower rank is the more telling field. */
export type FieldRole =
  | { readonly kind: "address"; readonly rank: number }
  | { readonly kind: "count"; readonly rank: number }
  | { readonly kind: "severity" }
  /** Holds an address when its whole value is one. */
  | { readonly kind: "other" }
  | { readonly kind: "none" };

const none: FieldRole = { kind: "none" };
const other: FieldRole = { kind: "other" };
const severity: FieldRole = { kind: "severity" };

const longestName = 200;
const mostRemembered = 10_000;

/**
 * Tells the role of a field from its name.
 * Case, spaces and hyphens make no difference; `values(src_ip)` and other functions of `stats` count as `src_ip`; so does
 * the last part of a dotted name, `Authentication.src_ip`. A name is never read when any of its parts is one of
 * `neverFields`, unless the whole name is in `fields`.
 */
export function createFieldRoles(config: ExtractConfig): (field: string) => FieldRole {
  const fields = rankOf(config.fields);
  const countFields = rankOf(config.countFields);
  const severityFields = rankOf(config.severityFields);
  const never = config.neverFields.map((pattern) => createPattern(normal(pattern)));
  const rest = config.otherFields ? other : none;

  const roleOf = (field: string): FieldRole => {
    const name = normal(field);
    const exact = fields.get(name);
    if (exact !== undefined) {
      return { kind: "address", rank: exact };
    }
    const base = withoutFunction(name);
    const parts = [base, ...base.split(".")];
    const last = parts.at(-1) ?? base;
    const countRank = countFields.get(base) ?? countFields.get(last);
    if (never.some((matches) => parts.some(matches))) {
      return none;
    }
    const rank = fields.get(base) ?? fields.get(last);
    if (rank !== undefined) {
      return { kind: "address", rank };
    }
    if (countRank !== undefined) {
      return { kind: "count", rank: countRank };
    }
    return severityFields.has(base) || severityFields.has(last) ? severity : rest;
  };

  const remembered = new Map<string, FieldRole>();
  return (field) => {
    if (field.length > longestName) {
      return none;
    }
    const known = remembered.get(field);
    if (known !== undefined) {
      return known;
    }
    const role = roleOf(field);
    if (remembered.size < mostRemembered) {
      remembered.set(field, role);
    }
    return role;
  };
}

function rankOf(names: readonly string[]): ReadonlyMap<string, number> {
  // From the back, so that the first of two equal names decides.
  return new Map(names.map((name, rank) => [normal(name), rank] as const).toReversed());
}

function normal(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll("{}", "")
    .replace(/[\s-]+/g, "_");
}

/** Functions of `stats` whose result is of the same kind as what they are given. */
const sameKind = new Set([
  "values",
  "list",
  "first",
  "last",
  "earliest",
  "latest",
  "mode",
  "min",
  "max",
  "sum",
]);

/** `values(src_ip)` → `src_ip`, `count(src_ip)` → `count`. What only counts different values says nothing of events. */
function withoutFunction(name: string): string {
  const [, verb = "", inner = ""] = /^(\w+)\((.*)\)$/.exec(name) ?? [];
  if (sameKind.has(verb)) {
    return inner;
  }
  return verb === "count" || verb === "c" ? "count" : name;
}
