import { z } from "zod";
import type { IpAddress } from "../../domain/ip-address.ts";
import { networkOf } from "../../domain/ip-address.ts";
import { ImportAnswer } from "./block-shapes.ts";
import { alertByHand, entryByHand, refuseWhilePaused } from "./by-hand.ts";
import { writtenAs } from "./components.ts";
import type { ApiDeps } from "./deps.ts";
import { findCrawlers, soleAddress } from "./find-crawlers.ts";
import { type Import, type ImportLine, type LineFault, readImport } from "./read-import.ts";
import { type ApiRoute, type Refusal, reply, route } from "./route.ts";
import { Actor, Flag, Line, only } from "./wanted-shapes.ts";

const mostBytes = 5 * 1024 * 1024;
/** So many are committed at a time. */
const linesPerCommit = 2000;
const mostTold = 1000;

const ImportText = writtenAs(z.string(), {
  type: "array",
  items: {
    type: "object",
    properties: {
      network: { type: "string" },
      reason: { type: "string" },
      duration: { type: "string" },
      until: { type: "string", description: "A time, or `permanent`" },
      groups: { type: ["array", "null"], items: { type: "string" } },
    },
    required: ["network"],
  },
});

/** Blocks many networks at once. */
export function importBlocksRoute(deps: ApiDeps): ApiRoute {
  return route({
    name: "importBlocks",
    method: "post",
    paths: ["/api/v1/blocks/import"],
    role: "administrator",
    summary: "Block many networks at once",
    description:
      "CSV with a header, columns `network,reason,duration` (or `until`) and perhaps `groups` (with `;` between), or a JSON list; what an export writes can be read again. At most 5 MiB and 100,000 lines. Nothing is imported when a line is faulty, unless `partial=true`. `reason`: for lines that have none. `force`: although new blocks are paused, or an address is a crawler's.",
    mostBytes,
    bodyTypes: ["text/csv", "application/json"],
    query: only({ partial: Flag, force: Flag, reason: Line.optional(), actor: Actor }),
    body: ImportText,
    answers: { 200: ImportAnswer },
    problems: ["CONFLICT"],
    async handle({ body, query, contentType, caller, signal }) {
      if (contentType !== "text/csv" && contentType !== "application/json") {
        return {
          problem: "PAYLOAD_INVALID",
          detail: "The Content-Type must be text/csv or application/json.",
        };
      }
      const paused = await refuseWhilePaused(deps, caller, query.force);
      if (paused !== null) {
        return paused;
      }
      // One moment for all of it, or what ends while it is read would end before it begins.
      const now = deps.now();
      const isJson = contentType === "application/json";
      const read = await readLines(deps, body, { ...query, isJson, now, signal });
      if ("problem" in read) {
        return read;
      }
      const { lines, faults } = read;
      const { blocked, unchanged } = await importLines(deps, lines, {
        actor: caller.actor(query.actor),
        now,
      });
      return reply(200, {
        blocked,
        unchangedCount: unchanged.length,
        unchanged: unchanged.slice(0, mostTold),
        faults: faults.slice(0, mostTold),
        faultCount: faults.length,
      });
    },
  });
}

/** What is to be imported; a refusal when nothing is. */
async function readLines(
  deps: ApiDeps,
  text: string,
  wanted: {
    readonly partial: boolean;
    readonly force: boolean;
    readonly reason?: string | undefined;
    readonly isJson: boolean;
    readonly now: Date;
    readonly signal: AbortSignal;
  },
): Promise<Import | Refusal> {
  const { partial, force, reason: usual, isJson, now, signal } = wanted;
  const mostFaults = partial ? Number.POSITIVE_INFINITY : mostTold;
  const all = await readImport(deps, text, { isJson, usual, now, mostFaults });
  if (typeof all === "string") {
    return { problem: "PAYLOAD_INVALID", detail: all };
  }
  const read = force ? all : await withoutCrawlers(deps, all, signal);
  if (signal.aborted) {
    return { problem: "CONFLICT", detail: "Nothing was imported: nobody waited for the answer." };
  }
  const { lines, faults, isWhole } = read;
  if (faults.length === 0 || partial) {
    return read;
  }
  const count = isWhole
    ? `${faults.length} of ${faults.length + lines.length} lines`
    : `${faults.length} lines and perhaps more`;
  return {
    problem: "PAYLOAD_INVALID",
    detail: `${count} can't be imported, so none was. Mend them, or say partial=true.`,
    members: { faults: faults.slice(0, mostTold), faultCount: faults.length },
  };
}

/** Lines about crawlers become faults. */
async function withoutCrawlers(deps: ApiDeps, read: Import, signal: AbortSignal): Promise<Import> {
  const addresses = read.lines.flatMap(({ prefix }) => soleAddress(prefix) ?? []);
  const crawlers = await findCrawlers(deps, addresses, signal);
  const whyNot = ({ prefix }: ImportLine): string | undefined => {
    const ip = soleAddress(prefix);
    return ip === undefined ? undefined : crawlers.get(ip);
  };
  const found = read.lines.flatMap((line): readonly LineFault[] => {
    const why = whyNot(line);
    return why === undefined ? [] : [{ line: line.line, problem: `network: ${why}` }];
  });
  return found.length === 0
    ? read
    : {
        ...read,
        lines: read.lines.filter((line) => whyNot(line) === undefined),
        faults: [...read.faults, ...found].toSorted((a, b) => a.line - b.line),
      };
}

async function importLines(
  deps: ApiDeps,
  lines: readonly ImportLine[],
  { actor, now }: { readonly actor: string; readonly now: Date },
): Promise<{ readonly blocked: number; readonly unchanged: readonly LineFault[] }> {
  let blocked = 0;
  const unchanged: LineFault[] = [];
  for (const group of withoutTwins(lines)) {
    const alert = alertByHand(now);
    const about = { alertId: alert.id, actor, now, channels: [] };
    for (let start = 0; start < group.length; start += linesPerCommit) {
      const { part, left } = stillAllowed(deps, group.slice(start, start + linesPerCommit));
      unchanged.push(...left);
      const decisions = await deps.store.recordByHand(
        alert,
        part.map((line) => entryByHand(deps, line, about)),
      );
      decisions.forEach(({ action, reasons }, index) => {
        if (action === "block") {
          blocked += 1;
        } else {
          unchanged.push({ line: part[index]?.line ?? 0, problem: reasons.join("; ") });
        }
      });
      deps.wakeFirewalls();
    }
  }
  deps.log.info({ blocked, unchanged: unchanged.length, actor }, "blocks imported");
  return { blocked, unchanged };
}

/** Asked again: what was read may have become protected while lines before it were committed. */
function stillAllowed(
  { protectedReason }: ApiDeps,
  lines: readonly ImportLine[],
): { readonly part: readonly ImportLine[]; readonly left: readonly LineFault[] } {
  const part: ImportLine[] = [];
  const left: LineFault[] = [];
  for (const line of lines) {
    const why = protectedReason(line.prefix);
    if (why === null) {
      part.push(line);
    } else {
      left.push({ line: line.line, problem: `may not be blocked: ${why}` });
    }
  }
  return { part, left };
}

/** One alert has one decision per address; networks of different lengths may begin with the same one. */
function withoutTwins(lines: readonly ImportLine[]): readonly (readonly ImportLine[])[] {
  const groups: ImportLine[][] = [];
  const seen = new Map<IpAddress, number>();
  for (const line of lines) {
    const ip = networkOf(line.prefix);
    const nth = seen.get(ip) ?? 0;
    seen.set(ip, nth + 1);
    (groups[nth] ??= []).push(line);
  }
  return groups;
}
