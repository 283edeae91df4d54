import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncDirectory, writeThrough } from "../config/durable-file.ts";
import { trustedKeysFile } from "../config/read-trusted-keys.ts";
import { AppError, messageOf } from "../domain/errors.ts";

export function trustedPath(dataDir: string): string {
  return join(dataDir, trustedKeysFile);
}

/** The host keys that people have confirmed, as a known_hosts file; empty when there is none yet. */
export function readTrusted(dataDir: string): string {
  const path = trustedPath(dataDir);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Adds a line, readable by its owner only; after a crash the file is the old one or the new one. @throws {AppError} CONFIG_INVALID */
export function writeTrusted(dataDir: string, line: string): void {
  const draft = join(dataDir, `.known_hosts-${randomBytes(8).toString("hex")}.tmp`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const old = readTrusted(dataDir);
    const text = `${old}${old === "" || old.endsWith("\n") ? "" : "\n"}${line}\n`;
    writeThrough(draft, text);
    if (readFileSync(draft, "utf8") !== text) {
      throw new Error(`${draft} was not written whole`);
    }
    renameSync(draft, trustedPath(dataDir));
    syncDirectory(dataDir);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new AppError("CONFIG_INVALID", `DATA_DIR: the key can't be kept there: ${messageOf(error)}`, {
      retryable: false,
      cause: error,
    });
  }
}
