import type { Selectable } from "kysely";
import type { Block } from "../domain/block.ts";
import type { BlockMode } from "../domain/decision.ts";
import { type IpPrefix, parseIpAddress, parseIpPrefix } from "../domain/ip-address.ts";
import type { RequestedChange } from "../ports.ts";
import { GroupsText, latestMs } from "./columns.ts";
import type { ReadRows } from "./read-rows.ts";
import { BlockRow, RequestedChangeRow } from "./rows.ts";
import type { Schema } from "./schema.ts";

export const blockColumns = [
  "id",
  "prefix",
  "mode",
  "groups",
  "decision_id",
  "created_at",
  "expires_at",
] as const;

type Untrusted<Column extends string> = Readonly<Record<Column, unknown>> & { readonly id: string };

type UntrustedBlock = Untrusted<(typeof blockColumns)[number]>;

export type BlockColumns = Pick<Selectable<Schema["blocks"]>, (typeof blockColumns)[number]>;

/** The block that was read from such a row before, if there was one. */
export type RecallBlock = (row: BlockColumns) => Block | undefined;

/** Rows of up to 100,000 blocks: a check by hand leaves nothing but the blocks behind, and is much faster than a schema. */
export function readBlocks(
  readRows: ReadRows,
  rows: readonly BlockColumns[],
  recall: RecallBlock = () => undefined,
): readonly Block[] {
  const groupsOf = createGroupsReader();
  return readRows(rows, {
    table: "blocks",
    schema: BlockRow,
    idOf,
    quickly: (row: BlockColumns) => recall(row) ?? blockOf(row, groupsOf),
  }).readable;
}

/** The same for what waits for a firewall. */
export function readRequestedChanges(
  readRows: ReadRows,
  rows: readonly Untrusted<"prefix" | "expires_at" | "state">[],
): readonly RequestedChange[] {
  return readRows(rows, { table: "blocks", schema: RequestedChangeRow, idOf, quickly: requestedChangeOf })
    .readable;
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}

type GroupsReader = (value: unknown) => Block["groups"] | undefined;

/** Many blocks have the same groups: they share one list. */
function createGroupsReader(): GroupsReader {
  const known = new Map<string, readonly string[]>();
  return (value) => {
    if (value === null) {
      return null;
    }
    if (typeof value !== "string") {
      return undefined;
    }
    const groups = known.get(value) ?? GroupsText.safeParse(value).data;
    if (groups !== undefined) {
      known.set(value, groups);
    }
    return groups;
  };
}

/** Undefined when the row is not as it was written: then the schema tells what is wrong. */
function blockOf(row: UntrustedBlock, groupsOf: GroupsReader): Block | undefined {
  const { id, prefix, mode, decision_id: decisionId } = row;
  const groups = groupsOf(row.groups);
  const createdAt = dateOf(row.created_at);
  const expiresAt = dateOf(row.expires_at);
  if (!isText(id) || !isPrefix(prefix) || !isMode(mode) || !isText(decisionId)) {
    return undefined;
  }
  return groups === undefined || createdAt === undefined || expiresAt === undefined
    ? undefined
    : { id, prefix, mode, groups, decisionId, createdAt, expiresAt };
}

function requestedChangeOf(row: Untrusted<"prefix" | "expires_at" | "state">): RequestedChange | undefined {
  const { id, prefix, state } = row;
  const expiresAt = dateOf(row.expires_at);
  if (!isText(id) || !isPrefix(prefix) || expiresAt === undefined) {
    return undefined;
  }
  return state === "requested" || state === "lifting"
    ? { blockId: id, prefix, kind: state === "lifting" ? "remove" : "add", expiresAt }
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function dateOf(value: unknown): Date | undefined {
  return typeof value === "number" && Math.abs(value) <= latestMs ? new Date(value) : undefined;
}

function isMode(value: unknown): value is BlockMode {
  return value === "enforce" || value === "observe";
}

/** One address is told by its text alone, which is most of what there is. */
function isPrefix(value: unknown): value is IpPrefix {
  if (typeof value !== "string") {
    return false;
  }
  const single = value.includes(":") ? "/128" : "/32";
  if (!value.endsWith(single)) {
    return parseIpPrefix(value) === value;
  }
  const address = value.slice(0, -single.length);
  return parseIpAddress(address) === address;
}
