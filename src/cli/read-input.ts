import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { reasonOf } from "../config/setting-reader.ts";
import type { Host } from "./host.ts";
import { wrongArgument } from "./wrong-argument.ts";

/** The bytes of a file that was named; `-` is standard input. @throws {AppError} CONFIG_INVALID */
export async function readInput({ cwd, stdin }: Pick<Host, "cwd" | "stdin">, file: string): Promise<Buffer> {
  try {
    return file === "-" ? await buffer(stdin) : await readFile(resolve(cwd, file));
  } catch (error) {
    throw wrongArgument(`${file} can't be read: ${reasonOf(error)}`);
  }
}
