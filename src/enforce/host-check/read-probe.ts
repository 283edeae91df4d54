import type { IpPrefix } from "../../domain/ip-address.ts";

/** What became of the packets of one probe. */
export interface Probed {
  readonly prefix: IpPrefix;
  /** Packets passed without the block, and all were dropped with it. */
  readonly works: boolean;
  /** How many were sent, before and again after the block. */
  readonly sent: number;
  readonly passedBefore: number;
  /** As the kernel counted. */
  readonly dropped: number;
  /** What is wrong; empty when it works. */
  readonly why: string;
}

/** Reads `probe PREFIX SENT ANSWERED_BEFORE DROPPED` or `probe PREFIX failed WHY`. */
export function readProbe(prefix: IpPrefix, lines: readonly string[]): Probed {
  const line = lines.find((line) => line.startsWith(`probe ${prefix} `)) ?? "";
  const words = line.split(" ").slice(2);
  const [sent, passedBefore, dropped] = words.map(Number);
  const none = { prefix, works: false, sent: 0, passedBefore: 0, dropped: 0 };
  if (words[0] === "failed") {
    return { ...none, why: words.slice(1).join(" ") };
  }
  if (!isCount(sent) || !isCount(passedBefore) || !isCount(dropped)) {
    const other = lines.find((line) => /^(?:refused|failed) /.test(line));
    return { ...none, why: other ?? "the host did not say what became of it" };
  }
  const why = judge(sent, passedBefore, dropped);
  return { prefix, works: why === "", sent, passedBefore, dropped, why };
}

function judge(sent: number, passedBefore: number, dropped: number): string {
  if (sent === 0) {
    return "the host has no program that could send packets (ping, bash, nc, python3 or perl)";
  }
  if (passedBefore < sent) {
    return `only ${passedBefore} of ${sent} packets passed before the block, so their absence after it proves nothing: another rule drops them`;
  }
  if (dropped < sent) {
    return `${sent} packets passed before, and with the block only ${dropped} of ${sent} were dropped: BLOCKS DO NOT WORK HERE`;
  }
  return "";
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
