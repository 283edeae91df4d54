import { DatabaseError } from "pg";
import { AppError, messageOf } from "../domain/errors.ts";

/**
 * What a store method throws: an engine's failure becomes STORE_UNAVAILABLE, anything else stays as it is (a bug).
 * @param label names the database, without a password
 */
export function storeError(error: unknown, label: string): unknown {
  const trouble = troubleOf(error);
  return trouble === undefined ? error : unavailable(`${label}: ${trouble}`, error);
}

export function unavailable(message: string, cause?: unknown): AppError {
  return new AppError("STORE_UNAVAILABLE", message, { retryable: true, cause });
}

/** True when SQLite says that another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error) === 5;
}

/** True when PostgreSQL has ended a transaction that waited crosswise with another, or could not be put in an order with it. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40P01" || error.code === "40001");
}

/** True when a table or column is missing, or is there already. Only SQLite's general code tells it, which also stands for mistakes in a statement. */
export function isAboutTables(error: unknown): boolean {
  return error instanceof DatabaseError
    ? ["42701", "42703", "42P01", "42P07"].includes(error.code ?? "")
    : sqliteCodeOf(error) === 1;
}

/** What is wrong and what to do, or `undefined` when the engine is not to blame. */
function troubleOf(error: unknown): string | undefined {
  if (error instanceof DatabaseError) {
    return postgresTroubleOf(error);
  }
  const sqliteCode = sqliteCodeOf(error);
  if (sqliteCode !== undefined) {
    const advice = sqliteAdvice.get(sqliteCode);
    return advice === undefined ? undefined : `${messageOf(error)}; ${advice}`;
  }
  return connectionTroubleOf(error);
}

const checkDisk = "check the disk it is on";

/** By primary result code. Source: https://www.sqlite.org/rescode.html, read 2026-11. */
const sqliteAdvice: ReadonlyMap<number, string> = new Map([
  [5, "another process works on the file: stop it"],
  [6, "another connection works on the file: try again"],
  [7, "the process is out of memory"],
  [8, "the file can't be written: check its owner and mode"],
  [10, checkDisk],
  [11, "restore the file from a backup"],
  [13, "free space on its disk; what was accepted before is safe"],
  [14, "check that the directory exists and may be written"],
  [15, checkDisk],
  [26, "DATABASE_URL names a file that is something else"],
]);

/** The primary result code: the lower byte of the extended one. */
function sqliteCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

const checkServer = "check that the server runs, and its log";

/** By class, or whole code. Source: PostgreSQL 15 documentation, appendix A, read 2026-11. */
const postgresAdvice: ReadonlyMap<string, string> = new Map([
  ["08", checkServer],
  ["25006", "the server is read-only: point DATABASE_URL to the primary"],
  ["28", "check user and password in DATABASE_URL"],
  ["3D", "create the database or correct its name in DATABASE_URL"],
  ["40", "two transactions met: try again"],
  ["42501", "grant the user of DATABASE_URL what it needs"],
  ["53", "the server is out of something"],
  ["53100", "free space on the server's disk; what was accepted before is safe"],
  ["53300", "the server has too many connections"],
  ["55", "something else holds a lock: try again"],
  ["57", checkServer],
  ["58", checkServer],
  ["XX", checkServer],
]);

function postgresTroubleOf(error: DatabaseError): string | undefined {
  const code = error.code ?? "";
  const advice = postgresAdvice.get(code) ?? postgresAdvice.get(code.slice(0, 2));
  return advice === undefined ? undefined : `${error.message}; ${advice}`;
}

/** Errors of Node that come from the system, from TLS and from certificates, by their codes. */
const connectionCodes = /^E[A-Z0-9]+$|^ERR_(?:TLS|SSL|OSSL)|CERT|^UNABLE_TO/;

/** What pg says without a code. Source: https://github.com/brianc/node-postgres/tree/master/packages/pg/lib, 8.23 */
const connectionMessages =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout e|Query read timeout|The server does not support SSL|There was an error establishing an SSL|SASL)/i;

/** Files, sockets and name look-ups. */
function connectionTroubleOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "ENOSPC") {
    return `${error.message}; free space on its disk`;
  }
  if (connectionCodes.test(code)) {
    return `${error.message === "" ? code : error.message}; check DATABASE_URL and that it can be reached`;
  }
  return connectionMessages.test(error.message) ? `${error.message}; ${checkServer}` : undefined;
}
