import { AppError } from "../domain/errors.ts";
import type { Log, Store } from "../ports.ts";
import { migrateAndCheck } from "./check-columns.ts";
import { createStore } from "./create-store.ts";
import { releaseLeases } from "./release-leases.ts";
import type { Engine } from "./engine.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import { storeError } from "./store-error.ts";

export interface OpenStoreOptions {
  /** `sqlite:<absolute path>`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. */
  readonly databaseUrl: string;
  readonly log?: Pick<Log, "warn"> & Partial<Pick<Log, "error">>;
  /** Channels to which the alarm goes that somebody has changed the receipts. Default is none: it is shown, and told nobody. */
  readonly alarmChannels?: readonly string[];
  /** Channels that are told of every event. Default is none: then nothing is written down for them. */
  readonly eventChannels?: readonly string[];
}

/**
 * Opens the database, creates it where there is none, and brings its tables to this version.
 * @throws {AppError} STORE_IN_USE when another process has the SQLite file open, STORE_UNAVAILABLE (retryable; not when
 * another version has made it), CONFIG_INVALID when the URL names no known engine
 */
export async function openStore({
  databaseUrl,
  log = { warn: () => undefined },
  alarmChannels: channels = [],
  eventChannels = [],
}: OpenStoreOptions): Promise<Store> {
  const error: Log["error"] = (fields, message) => {
    log.error?.(fields, message);
  };
  const tampering = { channels, log: { error } };
  const engine: Engine = { ...openEngine(databaseUrl, log), tampering, eventChannels };
  try {
    await migrateAndCheck(engine);
    if (engine.kind === "sqlite") {
      // Nobody else has this file open: who holds a lease has died, and what it had claimed need not wait for its end.
      await releaseLeases(engine, null);
    }
  } catch (error) {
    await engine.close();
    throw storeError(error, engine.label);
  }
  return createStore(engine, log);
}

function openEngine(databaseUrl: string, log: Pick<Log, "warn">): Engine {
  if (/^postgres(?:ql)?:/.test(databaseUrl)) {
    return openPostgres(databaseUrl, log);
  }
  if (!databaseUrl.startsWith("sqlite:")) {
    throw new AppError("CONFIG_INVALID", "DATABASE_URL must begin with sqlite: or postgres://", {
      retryable: false,
    });
  }
  const path = databaseUrl.slice("sqlite:".length);
  try {
    return openSqlite(path);
  } catch (error) {
    throw storeError(error, `SQLite ${path}`);
  }
}
