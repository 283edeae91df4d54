import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import type { IpPrefix } from "../../domain/ip-address.ts";
import { endWanted, unknownGroups, type WantedBlock } from "./by-hand.ts";
import { type CsvRecord, readCsv, undefused } from "./csv.ts";
import type { ApiDeps } from "./deps.ts";
import { Duration, Line, Moment, WantedNetwork } from "./wanted-shapes.ts";

/** A line of an import that can be done. */
export interface ImportLine extends WantedBlock {
  /** From 1: of the text for CSV, of the list for JSON. */
  readonly line: number;
}

export interface LineFault {
  readonly line: number;
  readonly problem: string;
}

export interface Import {
  readonly lines: readonly ImportLine[];
  readonly faults: readonly LineFault[];
  /** False when there were so many faults that the rest was not read. */
  readonly isWhole: boolean;
}

/** One line, before it is checked. */
interface RawLine {
  readonly line: number;
  readonly value: unknown;
}

type ReadDeps = Pick<ApiDeps, "protectedReason" | "groups">;

interface Reading {
  /** Reason for lines that have none. */
  readonly usual: string | undefined;
  readonly now: Date;
}

/** Reading 5 MiB must not keep deliveries waiting. */
const linesPerTurn = 1000;

const mostLines = 100_000;
/** Of a fault, in characters: a line may hold a hundred wrong groups. */
const mostProblem = 200;

/**
 * Reads blocks from CSV with a header (`network,reason,duration` or `until`, `groups` with `;` between) or a JSON list of such
 * objects, as `GET /api/v1/blocks/export` writes both.
 * @returns what can be done, and what is wrong with each line that can't; a sentence when nothing can be read
 */
export async function readImport(
  deps: ReadDeps,
  text: string,
  {
    isJson,
    mostFaults,
    ...reading
  }: Reading & {
    readonly isJson: boolean;
    /** After so many nothing more is read. */
    readonly mostFaults: number;
  },
): Promise<Import | string> {
  const raw = isJson ? readJsonLines(text) : readCsvLines(text);
  if (typeof raw === "string") {
    return raw;
  }
  if (raw.length > mostLines) {
    return `The body has ${raw.length.toLocaleString("en-US")} lines: at most 100,000 can be imported at once, so split it.`;
  }
  const lines: ImportLine[] = [];
  const faults: LineFault[] = [];
  const lineOf = new Map<IpPrefix, number>();
  for (const [index, one] of raw.entries()) {
    if (index % linesPerTurn === linesPerTurn - 1) {
      await setImmediate();
    }
    if (faults.length >= mostFaults) {
      return { lines, faults, isWhole: false };
    }
    const read = readLine(deps, one, reading);
    const twin = typeof read === "string" ? undefined : lineOf.get(read.prefix);
    if (typeof read === "string") {
      faults.push({ line: one.line, problem: cut(read) });
    } else if (twin === undefined) {
      lineOf.set(read.prefix, one.line);
      lines.push(read);
    } else {
      faults.push({ line: one.line, problem: `network: the same as in line ${twin}` });
    }
  }
  return { lines, faults, isWhole: true };
}

function cut(problem: string): string {
  return problem.length > mostProblem ? `${problem.slice(0, mostProblem - 1)}…` : problem;
}

const Groups = z.array(Line).max(100).nullish();

const ImportedBlock = z.object(
  {
    network: WantedNetwork,
    reason: Line.optional(),
    duration: Duration.optional(),
    until: z.union([z.literal("permanent"), Moment]).optional(),
    groups: Groups,
  },
  "expected an object with network, reason and duration or until",
);

/** @returns what is wrong, as a text */
function readLine(deps: ReadDeps, { line, value }: RawLine, { usual, now }: Reading): ImportLine | string {
  const { data, error } = ImportedBlock.safeParse(value);
  if (error !== undefined) {
    const told = error.issues.map(
      ({ path, message }) => `${path.map((part) => `${String(part)}: `).join("")}${message}`,
    );
    return told.join("; ");
  }
  const { network: prefix, reason = usual, groups = null } = data;
  if (reason === undefined) {
    return "reason: is missing";
  }
  const end = endWanted(data, now);
  if (typeof end === "string") {
    return end;
  }
  const misfit = unknownGroups(deps, groups);
  if (misfit !== null) {
    return `groups: ${misfit}`;
  }
  const protectedReason = deps.protectedReason(prefix);
  return protectedReason === null
    ? { line, prefix, reason, end, groups }
    : `network: may not be blocked: ${protectedReason}`;
}

function readJsonLines(text: string): readonly RawLine[] | string {
  try {
    const value: unknown = JSON.parse(text);
    const list = z.union([z.array(z.unknown()), z.object({ blocks: z.array(z.unknown()) })]).safeParse(value);
    if (!list.success) {
      return "The body is neither a JSON list of blocks nor an object with a list `blocks`.";
    }
    const items = Array.isArray(list.data) ? list.data : list.data.blocks;
    return items.map((item, index) => ({ line: index + 1, value: item }));
  } catch {
    return "The body is not JSON.";
  }
}

/** Columns that mean something; those of an export that say nothing here are let pass. */
const columns = new Set(["network", "reason", "duration", "until", "groups"]);
const ignored = new Set(["mode", "createdAt", "decisionId"]);

function readCsvLines(text: string): readonly RawLine[] | string {
  const read = readCsv(text);
  if ("badLine" in read) {
    return `Line ${read.badLine} is not CSV: a quote stands where none may, or is not closed.`;
  }
  const [header, ...records] = read.records;
  if (header === undefined) {
    return "The body is empty.";
  }
  const names = header.cells.map((cell) => cell.trim());
  if (!names.includes("network")) {
    return "The first line must name the columns: network,reason,duration or network,reason,until.";
  }
  const unknown = names.findIndex((name) => !columns.has(name) && !ignored.has(name));
  if (unknown >= 0 || new Set(names).size < names.length) {
    return `Column ${unknown >= 0 ? `${unknown + 1} has an unknown name` : "names stand there twice"}: they are network, reason, duration, until and groups.`;
  }
  return records.map((record) => ({ line: record.line, value: objectOf(names, record) }));
}

function objectOf(names: readonly string[], { cells }: CsvRecord): unknown {
  if (cells.length > names.length) {
    return undefined;
  }
  const given = names.flatMap((name, index) => {
    const cell = undefused(cells[index] ?? "");
    return cell === "" || ignored.has(name)
      ? []
      : [[name, name === "groups" ? cell.split(";").map((group) => group.trim()) : cell] as const];
  });
  return Object.fromEntries(given);
}
