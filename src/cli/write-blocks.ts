import type { IpPrefix } from "../domain/ip-address.ts";
import { utc } from "../notify/words.ts";
import { bar } from "./bar.ts";
import { bareAddress } from "./bare-address.ts";
import type { BlockAnswer, GraceAnswer } from "./block-answer.ts";
import { moreWords } from "./more-words.ts";
import { table } from "./table.ts";

export interface Told {
  readonly blocks: readonly BlockAnswer[];
  /** There are more than these. */
  readonly more: boolean;
  /** Those that are over were asked for too. */
  readonly isAll: boolean;
  readonly graces: readonly GraceAnswer[];
  /** Why nothing may block what was asked about; null: it may be blocked. */
  readonly protectedBy: string | null;
  /** The address or network that was asked about; null: none. */
  readonly about: IpPrefix | null;
  /** Whether Portcullis reads the firewall of that name. */
  readonly isWatched: (firewall: string) => boolean;
}

/** Blocks for people: a table, and about one address also why it is not dropped where it is not. */
export function writeBlocks(told: Told): string {
  const { blocks, more, isAll, about } = told;
  return [
    blocks.length === 0 ? emptyWords(isAll) : blockTable(told),
    more ? moreWords(blocks.length) : "",
    ...(about === null
      ? []
      : [
          ...blocks.flatMap(faultLines),
          ...told.graces.map((one) => graceLine(one, about)),
          ...(told.protectedBy === null ? [] : [`Nothing may block it: ${told.protectedBy}.\n`]),
        ]),
  ].join("");
}

function emptyWords(isAll: boolean): string {
  return isAll ? "There is no block.\n" : "No block stands. With --all you also see those that are over.\n";
}

function blockTable({ blocks, isWatched }: Told): string {
  const most = Math.max(...blocks.map((block) => dropsOf(block).packets));
  const head = ["network", "until", "since", "firewalls", "packets", "bytes", ""];
  const rows = blocks.map((block) => {
    const { packets, bytes } = dropsOf(block);
    return [
      bareAddress(block.prefix),
      untilWords(block),
      utc(block.createdAt),
      firewallWords(block, isWatched),
      count(packets),
      byteWords(bytes),
      bar(packets, most),
    ];
  });
  return table([head, ...rows]);
}

const settled: ReadonlySet<string> = new Set(["lifted", "expired"]);

/** Why the block is not in force, firewall by firewall. */
function faultLines({ prefix, enforcements }: BlockAnswer): readonly string[] {
  return enforcements.flatMap(({ firewall, state, error }) =>
    error === null || settled.has(state)
      ? []
      : [`${bareAddress(prefix)} is ${state} on ${firewall}: ${error}\n`],
  );
}

function graceLine({ prefix, until, actor, reason }: GraceAnswer, about: IpPrefix): string {
  return `Alerts can't block ${bareAddress(prefix)} before ${utc(until)}: ${actor} let it out (${reason}). "portcullis unblock ${bareAddress(about)} --grace 0" ends that.\n`;
}

function dropsOf({ enforcements }: BlockAnswer): { readonly packets: number; readonly bytes: number } {
  return {
    packets: enforcements.reduce((sum, { packets }) => sum + packets, 0),
    bytes: enforcements.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function untilWords({ state, expiresAt, endedAt, lifted }: BlockAnswer): string {
  const when = endedAt === null ? "" : ` ${utc(endedAt)}`;
  if (lifted !== null) {
    return `lifted${when} by ${lifted.actor}: ${lifted.reason}`;
  }
  if (state !== "standing") {
    return `over${when}`;
  }
  return expiresAt === null ? "somebody lifts it" : utc(expiresAt);
}

/** What was seen in a kernel may have changed since where nobody looks any more. */
const inKernel: ReadonlySet<string> = new Set(["applied", "verified"]);

/** In one state, more names than these are counted. */
const mostNames = 4;

/** `verified edge-1 edge-2; requested 12 firewalls` */
function firewallWords({ mode, enforcements }: BlockAnswer, isWatched: Told["isWatched"]): string {
  if (enforcements.length === 0) {
    return mode === "enforce" ? "none" : `none: made in mode ${mode}`;
  }
  const stateOf = ({ firewall, state }: BlockAnswer["enforcements"][number]): string =>
    inKernel.has(state) && !isWatched(firewall) ? "not watched" : state;
  return [...Map.groupBy(enforcements, stateOf)]
    .map(([state, those]) => {
      const names = those.map(({ firewall }) => firewall).join(" ");
      return `${state} ${those.length > mostNames ? `${those.length} firewalls` : names}`;
    })
    .join("; ");
}

function count(figure: number): string {
  return figure.toLocaleString("en-US");
}

/** `72.2 kB` */
function byteWords(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ""}`;
}
