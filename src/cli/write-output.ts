import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { reasonOf } from "../config/setting-reader.ts";
import { AppError } from "../domain/errors.ts";
import { escapeUnseen } from "./ask-api.ts";
import type { Host } from "./host.ts";
import { wrongArgument } from "./wrong-argument.ts";

/**
 * Gives `produce` a place to write: a file, which is made or replaced when all was written and left as it was when something fails, or
 * standard output, where nothing is written that a terminal would obey. @param file undefined and `-` are standard output
 * @throws {AppError} CONFIG_INVALID, and what `produce` throws
 */
export async function writeOutput(
  { cwd, out, err }: Pick<Host, "cwd" | "out" | "err">,
  file: string | undefined,
  produce: (write: (text: string) => Promise<void> | void) => Promise<void>,
): Promise<void> {
  if (file === undefined || file === "-") {
    await produce((text) => {
      out(escapeUnseen(text));
    });
    return;
  }
  const target = await targetOf(file, resolve(cwd, file));
  const draft = `${target}.part-${randomBytes(6).toString("hex")}`;
  const handle = await orSay(file, () => open(draft, "wx"));
  try {
    await fill(file, handle, produce);
    await orSay(file, () => rename(draft, target));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  err(`written to ${file}\n`);
}

/** Where the file is really. */
async function targetOf(file: string, path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    return path;
  }
  if (!found.isFile()) {
    throw wrongArgument(`${file} is not a plain file: name another one with -o, or - for standard output`);
  }
  return realpath(path);
}

async function fill(
  file: string,
  handle: FileHandle,
  produce: (write: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  try {
    await produce(async (text) => {
      await orSay(file, () => handle.writeFile(text));
    });
    await orSay(file, () => handle.sync());
  } finally {
    await handle.close();
  }
}

async function orSay<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof AppError ? error : wrongArgument(`${file} can't be written: ${reasonOf(error)}`);
  }
}
