import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import type { Log, Store } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { borrowPostgres, findPostgres, type PostgresServer, startPostgres } from "./postgres.ts";

type StoreLog = Pick<Log, "warn"> & Partial<Pick<Log, "error">>;

/** A kind of database that can hold a store. */
export interface StoreEngine {
  readonly name: string;
  /** The URL of a new empty database; it goes when the test is over. */
  newDatabase(): Promise<string>;
  /** Opens the store there and closes it when the test is over. */
  open(databaseUrl: string, log?: StoreLog): Promise<Store>;
  /** Two stores on one database as two replicas have them; where only one may be open, it is given twice. */
  openTwo(databaseUrl: string): Promise<readonly [Store, Store]>;
  /** Changes the database behind the store's back, as a person's tool does. */
  tamper(databaseUrl: string, statement: string): Promise<void>;
}

/** Runs the suite on SQLite and PostgreSQL. Without PostgreSQL its half is skipped, or fails under PORTCULLIS_REQUIRE_SYSTEM=1. */
export function describeStore(title: string, suite: (engine: StoreEngine) => void): void {
  describe(`${title} on SQLite`, () => {
    suite({
      name: "SQLite",
      newDatabase: () => Promise.resolve(`sqlite:${join(temporaryDirectory(), "portcullis.db")}`),
      open,
      openTwo: async (databaseUrl) => {
        const store = await open(databaseUrl);
        return [store, store];
      },
      tamper: (databaseUrl, statement) => {
        const database = new DatabaseSync(databaseUrl.slice("sqlite:".length));
        database.exec(statement);
        database.close();
        return Promise.resolve();
      },
    });
  });
  describePostgres(title, (server) => {
    suite({
      name: "PostgreSQL",
      newDatabase: () => server().createDatabase(),
      open,
      openTwo: (databaseUrl) => Promise.all([open(databaseUrl), open(databaseUrl)]),
      tamper: async (databaseUrl, statement) => {
        const client = new Client({ connectionString: databaseUrl });
        await client.connect();
        await client.query(statement);
        await client.end();
      },
    });
  });
}

/** Runs the suite with a server of its own, or with that of TEST_DATABASE_URL unless it must be stopped in between. */
export function describePostgres(
  title: string,
  suite: (server: () => PostgresServer) => void,
  needsOwn = false,
): void {
  const borrowed = needsOwn ? undefined : process.env["TEST_DATABASE_URL"];
  const bin = findPostgres();
  const missing = borrowed === undefined && bin === undefined;
  const hint = missing ? " (not installed: apt-get install postgresql, or set TEST_DATABASE_URL)" : "";
  describe.skipIf(missing && process.env["PORTCULLIS_REQUIRE_SYSTEM"] !== "1")(
    `${title} on PostgreSQL${hint}`,
    () => {
      let server: PostgresServer | undefined;
      beforeAll(async () => {
        server = borrowed === undefined ? await startPostgres(bin ?? "") : borrowPostgres(borrowed);
      });
      afterAll(() => server?.remove());
      suite(() => {
        if (server === undefined) {
          throw new Error("PostgreSQL has not started");
        }
        return server;
      });
    },
  );
}

/** A store on a new empty database. */
export async function newStore(engine: StoreEngine): Promise<Store> {
  return engine.open(await engine.newDatabase());
}

/** A new directory that goes when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-store-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

async function open(databaseUrl: string, log?: StoreLog): Promise<Store> {
  const store = await openStore({ databaseUrl, ...(log && { log }) });
  onTestFinished(() => store.close());
  return store;
}
