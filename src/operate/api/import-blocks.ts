import { z } from "zod";
import type { IpAddress } from "../../domain/ip-address.ts";
import { networkOf } from "../../domain/ip-address.ts";
import { ImportAnswer } from "./block-shapes.ts";
import { alertByHand, entryByHand, refuseWhilePaused } from "./by-hand.ts";
import { writtenAs } from "./components.ts";
import type { ApiDeps } from "./deps.ts";
import { type ImportLine, type LineFault, readImport } from "./read-import.ts";
import { type ApiRoute, reply, route } from "./route.ts";
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
      "CSV with a header, columns `network,reason,duration` (or `until`) and perhaps `groups` (with `;` between), or a JSON list; what an export writes can be read again. At most 5 MiB. Nothing is imported when a line is faulty, unless `partial=true`. `reason`: for lines that have none.",
    mostBytes,
    bodyTypes: ["text/csv", "application/json"],
    query: only({ partial: Flag, force: Flag, reason: Line.optional(), actor: Actor }),
    body: ImportText,
    answers: { 200: ImportAnswer },
    problems: ["CONFLICT"],
    async handle({ body, query, contentType, caller }) {
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
      const read = await readImport(deps, body, {
        isJson: contentType === "application/json",
        usual: query.reason,
      });
      if (typeof read === "string") {
        return { problem: "PAYLOAD_INVALID", detail: read };
      }
      const { lines, faults } = read;
      if (faults.length > 0 && !query.partial) {
        return {
          problem: "PAYLOAD_INVALID",
          detail: `${faults.length} of ${faults.length + lines.length} lines can't be imported, so none was. Mend them, or say partial=true.`,
          members: { faults: faults.slice(0, mostTold), faultCount: faults.length },
        };
      }
      const { blocked, unchanged } = await importLines(deps, lines, caller.actor(query.actor));
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

async function importLines(
  deps: ApiDeps,
  lines: readonly ImportLine[],
  actor: string,
): Promise<{ readonly blocked: number; readonly unchanged: readonly LineFault[] }> {
  let blocked = 0;
  const unchanged: LineFault[] = [];
  const now = deps.now();
  for (const group of withoutTwins(lines)) {
    const alert = alertByHand(now);
    const about = { alertId: alert.id, actor, now, channels: [] };
    for (let start = 0; start < group.length; start += linesPerCommit) {
      const part = group.slice(start, start + linesPerCommit);
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
