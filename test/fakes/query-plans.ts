import { DatabaseSync } from "node:sqlite";
import { createQueryId, type KyselyPlugin, type RootOperationNode } from "kysely";
import type { Store } from "../../src/ports.ts";
import { createStore } from "../../src/record/create-store.ts";
import { migrate } from "../../src/record/migrations.ts";
import { openSqlite } from "../../src/record/sqlite.ts";

/** A store that notes how SQLite goes about what it is asked. */
export interface PlannedStore {
  readonly store: Store;
  /** Steps of the plans of all queries since the last call, without repeats. */
  readonly plans: () => readonly string[];
}

/** @param path of a database that is not there yet, or is a store's */
export async function openPlanned(path: string): Promise<PlannedStore> {
  const engine = openSqlite(path);
  await migrate(engine.writer);
  const asked: RootOperationNode[] = [];
  const note: KyselyPlugin = {
    transformQuery: ({ node }) => {
      asked.push(node);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const plain = engine.reader;
  const store = createStore(
    { ...engine, reader: plain.withPlugin(note), writer: engine.writer.withPlugin(note) },
    { warn: () => undefined },
  );
  return {
    store,
    plans() {
      const database = new DatabaseSync(path);
      const steps = asked.splice(0).flatMap((node) => {
        const { sql } = plain.getExecutor().compileQuery(node, createQueryId());
        // Nothing is bound: SQLite plans before it knows the values.
        return database
          .prepare(`explain query plan ${sql}`)
          .all()
          .map(({ detail }) => String(detail));
      });
      database.close();
      return [...new Set(steps)];
    },
  };
}
