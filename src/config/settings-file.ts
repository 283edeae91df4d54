import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { closest } from "./closest.ts";
import { type SectionName, sectionNames } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import { reasonOf } from "./setting-reader.ts";

/** `portcullis.yaml`, checked section by section: a mistake in one does not hide those in another. */
export interface SettingsFile {
  /** Relative paths in the file start here. */
  readonly directory: string;
  /** Undefined when absent or wrong. */
  section<T>(name: SectionName, shape: z.ZodType<T>): T | undefined;
  /** The right ones of a list, each with its place `file:line:col`. */
  items<T>(name: SectionName, shape: z.ZodType<T>): readonly { readonly item: T; readonly where: string }[];
}

type Path = readonly (string | number)[];

const mostBytes = 1024 * 1024;

/** @param named the file that CONFIG_FILE names, which must exist; undefined: `portcullis.yaml`, which may be absent */
export function readSettingsFile(named: string | undefined, cwd: string, problems: Problems): SettingsFile {
  const path = resolve(cwd, named ?? "portcullis.yaml");
  const text = readIfThere(path, named !== undefined, problems);
  const lines = new LineCounter();
  // Pretty errors would quote the line, which may hold a password.
  const document = parseDocument(text ?? "", { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${basename(path)}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const content = contentOf(document, place, problems);
  const report = (issue: z.core.$ZodIssue, at: Path): void => {
    addIssue(issue, at, { document, place, problems });
  };
  const check = <T>(value: unknown, shape: z.ZodType<T>, at: Path): T | undefined => {
    const checked = shape.safeParse(value);
    checked.error?.issues.forEach((issue) => {
      report(issue, at);
    });
    return checked.data;
  };

  return {
    directory: dirname(path),
    section(name, shape) {
      const value = content.get(name);
      return value === undefined || value === null ? undefined : check(value, shape, [name]);
    },
    items(name, shape) {
      const value = content.get(name) ?? [];
      if (!Array.isArray(value)) {
        problems.add(place(offsetOf(document, [name])), `${name}: expected a list`);
        return [];
      }
      return value.flatMap((one: unknown, index) => {
        const item = check(one, shape, [name, index]);
        return item === undefined ? [] : [{ item, where: place(offsetOf(document, [name, index])) }];
      });
    },
  };
}

function readIfThere(path: string, mustExist: boolean, problems: Problems): string | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= mostBytes) {
      return bytes.toString("utf8");
    }
    problems.add(basename(path), "expected at most 1 MiB");
  } catch (error) {
    const reason = reasonOf(error);
    if (mustExist) {
      problems.add("CONFIG_FILE", `the file it names can't be read: ${reason}`);
    } else if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
      problems.add(basename(path), `can't be read: ${reason}`);
    }
  }
  return undefined;
}

/** The top-level entries; empty, with problems, when the text is not a YAML mapping. */
function contentOf(
  document: Document.Parsed,
  place: (offset: number) => string,
  problems: Problems,
): ReadonlyMap<string, unknown> {
  const faults = [...document.errors, ...document.warnings];
  for (const { code, pos } of faults) {
    problems.add(place(pos[0]), `not valid YAML: ${yamlFaults.get(code) ?? code}`);
  }
  const root = document.contents;
  if (faults.length > 0 || root === null || (isScalar(root) && root.value === null)) {
    return new Map();
  }
  const value = toObject(document);
  if (value === undefined) {
    problems.add(place(offsetOf(document, [])), `expected the sections ${sectionNames.join(", ")}`);
    return new Map();
  }
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const name of entries.keys()) {
    if (!sectionNames.some((known) => known === name)) {
      problems.add(place(keyOffset(document, [], name)), unknownKey([], name, sectionNames));
    }
  }
  return entries;
}

/** Undefined when the document is no mapping, or one that grows beyond measure by its aliases. */
function toObject(document: Document.Parsed): object | undefined {
  try {
    const value: unknown = isMap(document.contents) ? document.toJS({ maxAliasCount: 100 }) : undefined;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Where {
  readonly document: Document.Parsed;
  readonly place: (offset: number) => string;
  readonly problems: Problems;
}

function addIssue(issue: z.core.$ZodIssue, at: Path, { document, place, problems }: Where): void {
  const path: Path = [...at, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) {
      problems.add(place(keyOffset(document, path, key)), unknownKey(path, key, issue.message.split(", ")));
    }
    return;
  }
  const isMissing = !document.hasIn(path);
  const message = issue.code === "invalid_type" ? expectedKind(issue) : issue.message;
  problems.add(
    place(offsetOf(document, path)),
    `${pathText(path)}: ${isMissing ? "is missing: " : ""}${message}`,
  );
}

function expectedKind({ expected, message }: z.core.$ZodIssueInvalidType): string {
  const kinds: Readonly<Record<string, string>> = { object: "expected a mapping", array: "expected a list" };
  return kinds[expected] ?? message;
}

function unknownKey(path: Path, key: string, known: readonly string[]): string {
  // A line that lost its indentation or its colon can make a key out of a secret.
  const shown = /^[\w.-]{1,40}$/.test(key) ? ` ${key}` : "";
  const meant = closest(key, known);
  const hint = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`;
  return `${path.length === 0 ? "" : `${pathText(path)}: `}unknown key${shown}; ${hint}`;
}

/** `firewalls[0].host` */
function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${part}`))
    .join("");
}

/** Where the value stands, or the nearest one around it. */
function offsetOf(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range !== null && node.range !== undefined) {
      return node.range[0];
    }
  }
  return 0;
}

function keyOffset(document: Document.Parsed, path: Path, key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(map)
    ? map.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
    : undefined;
  return isPair(pair) && isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path);
}

/** In our own words: the library's quote the text. */
const yamlFaults: ReadonlyMap<string, string> = new Map([
  ["BAD_ALIAS", "an alias (*name) without its anchor (&name)"],
  ["BAD_INDENT", "wrong indentation"],
  ["BAD_SCALAR_START", "this text must be in quotes"],
  ["BLOCK_AS_IMPLICIT_KEY", "a colon too many, or wrong indentation"],
  ["DUPLICATE_KEY", "this key stands twice"],
  ["MISSING_CHAR", "a closing quote, bracket or colon is missing"],
  ["MULTILINE_IMPLICIT_KEY", "a colon is missing"],
  ["MULTIPLE_DOCS", "expected one document"],
  ["TAB_AS_INDENT", "indent with spaces, not tabs"],
  ["TAG_RESOLVE_FAILED", "unknown tag (!name)"],
  ["UNEXPECTED_TOKEN", "unexpected text"],
]);
