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
      if (file === undefined || (yield* step(file, options))) {
        await pause(options);
      } else {
        file = undefined;
      }
    }
  } finally {
    await file?.handle.close();
  }
}

async function pause({ pollMs, signal }: FollowOptions): Promise<void> {
  await setTimeout(pollMs, undefined, { signal }).catch(() => undefined);
}

/** Passes on what is new. @returns false when another file has taken its place: then it is read to its end, and closed */
async function* step(file: Followed, options: FollowOptions): AsyncGenerator<Buffer, boolean> {
  if (await isEmptied(file)) {
    yield* endLine(file);
    file.place = 0;
    file.last = Buffer.alloc(0);
  }
  yield* readOn(file, options.signal);
  if (!(await isReplaced(file, options.path))) {
    return true;
  }
  // Its writer may not know of it yet.
  await pause(options);
  yield* readOn(file, options.signal);
  yield* endLine(file);
  await file.handle.close();
  return false;
}

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

/** What stands before our place is not there any more, or something else is. */
async function isEmptied({ handle, place, last }: Followed): Promise<boolean> {
  return !(await readBefore(handle, place)).equals(last);
}

async function isReplaced({ inode }: Followed, path: string): Promise<boolean> {
  try {
    return (await stat(path)).ino !== inode;
  } catch (error) {
    if (isAbsent(error)) {
      // Renamed, and the next one is still to come: the writer may go on with this one.
      return false;
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
