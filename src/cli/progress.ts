import { bar } from "./bar.ts";
import type { Host } from "./host.ts";

export interface Progress {
  add(bytes: number): void;
  /** Takes the line away. */
  end(): void;
}

const everyMs = 200;
const wipe = "\r\u001b[2K";

/** Shows on a terminal how far reading is, five times a second; elsewhere nothing. @param totalBytes 0: not known */
export function createProgress(
  { err, isErrTerminal }: Pick<Host, "err" | "isErrTerminal">,
  totalBytes: number,
): Progress {
  const startMs = performance.now();
  let bytes = 0;
  let shownMs = startMs;
  let isShown = false;
  return {
    add(more) {
      bytes += more;
      const nowMs = performance.now();
      if (isErrTerminal === true && nowMs - shownMs >= everyMs) {
        err(`${wipe}${progressLine(bytes, totalBytes, nowMs - startMs)}`);
        shownMs = nowMs;
        isShown = true;
      }
    },
    end() {
      if (isShown) {
        err(wipe);
      }
    },
  };
}

const barLength = 24;

/** `▇▇▇░░░  52%  1.2 GB of 2.3 GB  310 MB/s  4 s left` */
export function progressLine(bytes: number, totalBytes: number, tookMs: number): string {
  const perSecond = (bytes / Math.max(1, tookMs)) * 1000;
  const speed = `${byteWords(perSecond)}/s`;
  if (totalBytes === 0) {
    return `${byteWords(bytes)}  ${speed}`;
  }
  const part = Math.min(1, bytes / totalBytes);
  const left = Math.ceil((totalBytes - bytes) / Math.max(1, perSecond));
  return [
    bar(part, 1, barLength).padEnd(barLength, "░"),
    `${Math.floor(part * 100)}%`.padStart(4),
    `${byteWords(bytes)} of ${byteWords(totalBytes)}`,
    speed,
    `${Math.max(0, left)} s left`,
  ].join("  ");
}

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.2 GB`, with decimal units as disks have them. */
export function byteWords(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ""}`;
}
