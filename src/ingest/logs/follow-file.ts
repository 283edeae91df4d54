import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

export interface FollowOptions {
  readonly path: string;
  /** False: begin with what is written from now on. A file that appears later, or in its place, is always read from its start. */
  readonly fromStart: boolean;
  /** How often is looked for something new. */
  readonly pollMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;
const lineEnd = Buffer.from("\n");
/** So much before the place where we stand is compared, because a file may have been emptied and grown beyond it. */
const fingerprintBytes = 64;

interface Followed {
  readonly handle: FileHandle;
  readonly inode: number;
  place: number;
  /** The bytes before the place. */
  last: Buffer;
}

/**
 * What is appended to a file, as `tail -F`: also when it is not there yet, when it is renamed and another one takes its place, and when it is
 * emptied. A line that was left without end gets one. Ends when the signal does.
 * @throws what the system says, but for a file that is not there
 */
export async function* followFile(options: FollowOptions): AsyncGenerator<Buffer> {
  const { path, signal } = options;
  let file = await openFile(path);
  if (file !== undefined && !options.fromStart) {
    await skipToEnd(file);
  }
  try {
    while (!signal.aborted) {
      file ??= await openFile(path);
      const change = file === undefined ? "none" : yield* step(file, options);
      file = change === "replaced" ? undefined : file;
      if (change === "none") {
        await pause(options);
      }
    }
  } finally {
    await file?.handle.close();
  }
}

async function pause({ pollMs, signal }: FollowOptions): Promise<void> {
  await setTimeout(pollMs, undefined, { signal }).catch(() => undefined);
}

/** Passes on what is new, and looks whether it is still the same file. One that was replaced is closed. */
async function* step(file: Followed, options: FollowOptions): AsyncGenerator<Buffer, Change> {
  yield* readOn(file, options.signal);
  const change = await changeOf(file, options.path);
  if (change === "replaced") {
    // Its writer may not know of it yet.
    await pause(options);
    yield* readOn(file, options.signal);
    await file.handle.close();
  }
  if (change !== "none") {
    yield* endLine(file);
    file.place = 0;
    file.last = Buffer.alloc(0);
  }
  return change;
}

type Change = "replaced" | "emptied" | "none";

async function openFile(path: string): Promise<Followed | undefined> {
  try {
    const handle = await open(path, "r");
    const { ino } = await handle.stat();
    return { handle, inode: ino, place: 0, last: Buffer.alloc(0) };
  } catch (error) {
    if (isAbsent(error)) {
      return undefined;
    }
    throw error;
  }
}

async function skipToEnd(file: Followed): Promise<void> {
  const { size } = await file.handle.stat();
  file.place = size;
  file.last = await readBefore(file.handle, size);
}

async function* readOn(file: Followed, signal: AbortSignal): AsyncGenerator<Buffer> {
  while (!signal.aborted) {
    const { bytesRead, buffer } = await file.handle.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      file.place,
    );
    if (bytesRead === 0) {
      return;
    }
    const chunk = buffer.subarray(0, bytesRead);
    file.place += bytesRead;
    file.last = Buffer.concat([file.last, chunk]).subarray(-fingerprintBytes);
    yield chunk;
  }
}

function* endLine({ last }: Followed): Generator<Buffer> {
  if (last.length > 0 && last.at(-1) !== lineEnd[0]) {
    yield lineEnd;
  }
}

async function changeOf(file: Followed, path: string): Promise<Change> {
  const { size } = await file.handle.stat();
  if (size < file.place || !(await readBefore(file.handle, file.place)).equals(file.last)) {
    return "emptied";
  }
  try {
    const { ino } = await stat(path);
    return ino === file.inode ? "none" : "replaced";
  } catch (error) {
    if (isAbsent(error)) {
      // Renamed, and the next one is still to come: the writer may go on with this one.
      return "none";
    }
    throw error;
  }
}

async function readBefore(handle: FileHandle, place: number): Promise<Buffer> {
  const length = Math.min(place, fingerprintBytes);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, place - length);
  return buffer.subarray(0, bytesRead);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
