import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { addAbortSignal, Readable } from "node:stream";
import { reasonOf } from "../config/setting-reader.ts";
import { decodeLog } from "../ingest/logs/decode-log.ts";
import { readChunks } from "../ingest/logs/read-chunks.ts";
import type { Analysis, ReadLog } from "./analysis.ts";
import type { Host } from "./host.ts";
import { createProgress } from "./progress.ts";
import { wrongArgument } from "./wrong-argument.ts";

interface OpenedFile {
  readonly name: string;
  /** Null: standard input. */
  readonly handle: FileHandle | null;
  /** 0 for what is no file. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/**
 * Reads every log to its end, the oldest first, so that what was rotated away comes before what came later. Ends early when the
 * host says stop.
 * @throws {AppError} CONFIG_INVALID when one can't be read; before any is read, when one can't be opened
 */
export async function readLogs(host: Host, files: readonly string[], analysis: Analysis): Promise<void> {
  const opened: OpenedFile[] = [];
  try {
    for (const file of files) {
      opened.push(await openLog(host, file));
    }
    const progress = createProgress(host, sum(opened.map(({ sizeBytes }) => sizeBytes)));
    for (const file of opened.toSorted((a, b) => a.modifiedMs - b.modifiedMs)) {
      await readLog(host, file, { analysis, progress });
    }
    progress.end();
  } finally {
    for (const { handle } of opened) {
      await handle?.close();
    }
  }
}

async function openLog({ cwd }: Host, name: string): Promise<OpenedFile> {
  if (name === "-") {
    return { name: "standard input", handle: null, sizeBytes: 0, modifiedMs: Date.now() };
  }
  try {
    const handle = await open(resolve(cwd, name), "r");
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      await handle.close();
      throw wrongArgument(`${name} is a directory; name the files in it`);
    }
    return { name, handle, sizeBytes: stat.isFile() ? stat.size : 0, modifiedMs: stat.mtimeMs };
  } catch (error) {
    throw fileFault(name, error);
  }
}

interface ReadDeps {
  readonly analysis: Analysis;
  readonly progress: { add(bytes: number): void };
}

async function readLog(host: Host, file: OpenedFile, { analysis, progress }: ReadDeps): Promise<void> {
  const { name, handle, modifiedMs } = file;
  const log = analysis.open(name, () => modifiedMs);
  const startMs = performance.now();
  const raw = handle === null ? stdinChunks(host) : readChunks(handle, host.stopSignal);
  try {
    for await (const chunk of decodeLog(counted(raw, log, progress))) {
      log.reading.push(chunk);
    }
  } catch (error) {
    note(log, error, host.stopSignal);
  }
  log.reading.end();
  log.tookMs = performance.now() - startMs;
}

async function* counted(
  raw: AsyncIterable<Buffer>,
  log: ReadLog,
  progress: { add(bytes: number): void },
): AsyncGenerator<Buffer> {
  for await (const chunk of raw) {
    log.bytes += chunk.length;
    progress.add(chunk.length);
    yield chunk;
  }
}

/** A packed log that breaks off is worth what could be read of it. @throws when it is another failure */
function note(log: ReadLog, error: unknown, { aborted }: AbortSignal): void {
  if (aborted) {
    return;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!code.startsWith("Z_")) {
    throw fileFault(log.name, error);
  }
  log.fault = code === "Z_BUF_ERROR" ? "the packed file breaks off" : "the packed file is damaged";
}

/** What comes in on standard input; ends when the host says stop. */
export async function* stdinChunks({ stdin, stopSignal }: Host): AsyncGenerator<Buffer> {
  const stream = stdin instanceof Readable ? addAbortSignal(stopSignal, stdin) : stdin;
  try {
    for await (const chunk of stream) {
      yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    }
  } catch (error) {
    if (!stopSignal.aborted) {
      throw error;
    }
  }
}

/** Why a log can't be read, for who named it. */
export function fileFault(name: string, error: unknown): unknown {
  const isSystem = error instanceof Error && "syscall" in error;
  return isSystem ? wrongArgument(`${name} can't be read: ${reasonOf(error)}`) : error;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
