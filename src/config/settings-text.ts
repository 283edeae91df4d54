import { LineCounter, type Document, isMap, isNode, isScalar, parseDocument } from "yaml";
import type * as z from "zod";
import { closest } from "./closest.ts";
import { countAliases, createKeyPlaces, repeatedKeys } from "./key-places.ts";
import type { Problems } from "./problems.ts";

/** Where something stands in the file: `["policy", "block", 0]`. */
export type Path = readonly (string | number)[];

/** One of a list. */
export interface SettingsItem<T> {
  readonly item: T;
  readonly index: number;
  /** `file:line:col` */
  readonly where: string;
}

/** The text of a settings file, checked section by section: a mistake in one does not hide those in another. */
export interface SettingsText {
  /** The keys of its top level. */
  readonly keys: readonly string[];
  /** Tells every key of the top level that is none of these. */
  expectKeys(known: readonly string[]): void;
  /** Undefined when absent or wrong. */
  section<T>(name: string, shape: z.ZodType<T>): T | undefined;
  /** The right ones of a list, each with its index and its place. */
  items<T>(name: string, shape: z.ZodType<T>): readonly SettingsItem<T>[];
  /** All of it as one section. */
  whole<T>(shape: z.ZodType<T>): T | undefined;
  /** `file:line:col: policy.block[0]`; of the nearest thing around it when it is not there itself. */
  where(path: Path): string;
}

/**
 * Reads YAML; what is wrong becomes a problem.
 * @param options name: of the file, for its places; expected: what a file that is no mapping should have been
 */
export function readSettingsText(
  text: string,
  {
    name,
    expected,
    problems,
  }: { readonly name: string; readonly expected: string; readonly problems: Problems },
): SettingsText {
  const lines = new LineCounter();
  const document = parse(text, lines);
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const content = contentOf({ document, place, problems }, expected);
  const keyPlaces = createKeyPlaces();
  const keyOffset = (path: Path, key: string): number => {
    const map = path.length === 0 ? document.contents : document.getIn(path, true);
    return keyPlaces(map).get(key) ?? offsetOf(document, path);
  };
  const where: Where = { document, value: Object.fromEntries(content), place, keyOffset, problems };
  const check = <T>(value: unknown, shape: z.ZodType<T>, at: Path): T | undefined => {
    const checked = shape.safeParse(value);
    checked.error?.issues.forEach((issue) => {
      addIssue(issue, at, where);
    });
    return checked.data;
  };

  return {
    keys: [...content.keys()],
    expectKeys(known) {
      addUnknownKeys(
        [...content.keys()].filter((key) => !known.includes(key)),
        { path: [], known },
        where,
      );
    },
    section(key, shape) {
      const value = content.get(key);
      return value === undefined || value === null ? undefined : check(value, shape, [key]);
    },
    items(key, shape) {
      const value = content.get(key) ?? [];
      if (!Array.isArray(value)) {
        problems.add(place(offsetOf(document, [key])), `${key}: expected a list`);
        return [];
      }
      return value.flatMap((one: unknown, index) => {
        const item = check(one, shape, [key, index]);
        return item === undefined ? [] : [{ item, index, where: place(offsetOf(document, [key, index])) }];
      });
    },
    whole: (shape) => check(Object.fromEntries(content), shape, []),
    where: (path) => `${place(offsetOf(document, path))}: ${pathText(path)}`,
  };
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed {
  const { stackTraceLimit } = Error;
  // A text that is wrong in each character makes an error of each; to note where they come from takes most of the time.
  Error.stackTraceLimit = 0;
  try {
    // Pretty errors would quote the line, which may hold a password. The library compares each key with all before it.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The top-level entries; empty, with problems, when the text is not a YAML mapping. */
function contentOf(
  { document, place, problems }: Pick<Where, "document" | "place" | "problems">,
  expected: string,
): ReadonlyMap<string, unknown> {
  const faults = yamlFaultsOf(document);
  for (const { code, at } of faults) {
    problems.add(place(at), `not valid YAML: ${yamlFaults.get(code) ?? code}`);
  }
  const root = document.contents;
  if (faults.length > 0 || root === null || (isScalar(root) && root.value === null)) {
    return new Map();
  }
  const value = toObject(document);
  if (value === undefined) {
    problems.add(place(offsetOf(document, [])), expected);
    return new Map();
  }
  return new Map<string, unknown>(Object.entries(value));
}

interface YamlFault {
  readonly code: string;
  readonly at: number;
}

/** In the order in which they stand there, what the library only warns of last. */
function yamlFaultsOf(document: Document.Parsed): readonly YamlFault[] {
  const errors = [
    ...document.errors.map(({ code, pos }): YamlFault => ({ code, at: pos[0] })),
    ...repeatedKeys(document).map((at): YamlFault => ({ code: "DUPLICATE_KEY", at })),
  ].toSorted((a, b) => a.at - b.at);
  return [...errors, ...document.warnings.map(({ code, pos }): YamlFault => ({ code, at: pos[0] }))];
}

/** The library looks for each alias's anchor among all. */
const mostAliases = 1000;

/** Undefined when the document is no mapping, or one that grows beyond measure by its aliases. */
function toObject(document: Document.Parsed): object | undefined {
  try {
    const value: unknown =
      isMap(document.contents) && countAliases(document) <= mostAliases
        ? document.toJS({ maxAliasCount: 100 })
        : undefined;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Where {
  readonly document: Document.Parsed;
  /** Of the whole document. */
  readonly value: object;
  readonly place: (offset: number) => string;
  /** Where a key of the mapping at `path` stands. */
  readonly keyOffset: (path: Path, key: string) => number;
  readonly problems: Problems;
}

function addIssue(issue: z.core.$ZodIssue, at: Path, where: Where): void {
  const { document, value, place, problems } = where;
  if (problems.isFull) {
    problems.leaveOut(issue.code === "unrecognized_keys" ? issue.keys.length : 1);
    return;
  }
  const path: Path = [...at, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  if (issue.code === "unrecognized_keys") {
    addUnknownKeys(issue.keys, { path, known: issue.message.split(", ") }, where);
    return;
  }
  const isMissing = !isThere(value, path);
  const message = issue.code === "invalid_type" ? expectedKind(issue) : issue.message;
  problems.add(
    place(offsetOf(document, path)),
    `${pathText(path)}: ${isMissing ? "is missing: " : ""}${message}`,
  );
}

function addUnknownKeys(
  keys: readonly string[],
  { path, known }: { readonly path: Path; readonly known: readonly string[] },
  { place, keyOffset, problems }: Pick<Where, "place" | "keyOffset" | "problems">,
): void {
  for (const [index, key] of keys.entries()) {
    if (problems.isFull) {
      problems.leaveOut(keys.length - index);
      return;
    }
    problems.add(place(keyOffset(path, key)), unknownKey(path, key, known));
  }
}

/** Asked of the value and not of the document, where an alias hides what it stands for. */
function isThere(value: unknown, [part, ...rest]: Path): boolean {
  if (part === undefined) {
    return true;
  }
  return (
    typeof value === "object" &&
    value !== null &&
    Object.hasOwn(value, part) &&
    isThere(Reflect.get(value, part), rest)
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
  ["RESOURCE_EXHAUSTION", "nested too deeply"],
  ["TAB_AS_INDENT", "indent with spaces, not tabs"],
  ["TAG_RESOLVE_FAILED", "unknown tag (!name)"],
  ["UNEXPECTED_TOKEN", "unexpected text"],
]);
