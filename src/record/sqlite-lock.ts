import { pid } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../domain/errors.ts";
import { createPrivateFile } from "./private-file.ts";
import { isBusy } from "./store-error.ts";

/**
 * Keeps other processes out of a database file for as long as this one lives: a write transaction stays open on
 * `<path>-lock`, and the operating system ends it with the process, however it dies.
 * @returns ends it
 * @throws {AppError} STORE_IN_USE
 */
export function lockSqliteFile(path: string): () => void {
  const lockPath = `${path}-lock`;
  createPrivateFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 200 });
  try {
    lock.exec("begin immediate");
    // Committed for the sake of those who will be refused: they can read it beside the transaction that follows.
    lock.exec(`pragma user_version = ${pid}; commit; begin immediate`);
  } catch (error) {
    const other = isBusy(error) ? holderOf(lock) : undefined;
    lock.close();
    throw other === undefined ? error : inUse(path, other, error);
  }
  let held = true;
  return () => {
    if (held) {
      held = false;
      lock.close();
    }
  };
}

/** The process that has it, or 0. */
function holderOf(lock: DatabaseSync): number {
  try {
    return Number(lock.prepare("pragma user_version").get()?.["user_version"] ?? 0);
  } catch {
    return 0;
  }
}

function inUse(path: string, holder: number, cause: unknown): AppError {
  const who = holder === 0 ? "another process" : `another process (pid ${holder})`;
  return new AppError(
    "STORE_IN_USE",
    `${path} is in use by ${who}. Stop that one first; for several replicas set DATABASE_URL to a PostgreSQL database.`,
    { retryable: false, cause },
  );
}
