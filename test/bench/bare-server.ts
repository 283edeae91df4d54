/**
 * The limit to compare with: `node:http`, JSON.parse, commits grouped by setImmediate, nothing else. Prints its port.
 * `bare-server.ts own FILE` keeps the body in a table of its own with the sid as key; `bare-server.ts same FILE` writes the
 * rows that Portcullis writes, into its table with its indexes.
 */
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import type { Alert, Row } from "../../src/domain/alert.ts";
import { openStore } from "../../src/record/open-store.ts";

interface Delivery {
  readonly sid: string;
  readonly result: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly body: string;
  readonly done: () => void;
}

const [table = "own", file = ":memory:"] = process.argv.slice(2);
const commit = table === "same" ? await createSameTable() : createOwnTable();
let waiting: Waiting[] = [];

function createOwnTable(): (batch: readonly Waiting[]) => Promise<void> {
  const db = new DatabaseSync(file);
  db.exec("pragma journal_mode = wal; pragma synchronous = full");
  db.exec("create table alerts (id text primary key, body text not null, received_at integer not null)");
  const insert = db.prepare("insert into alerts values (?, ?, ?) on conflict (id) do nothing");
  return (batch) => {
    db.exec("begin immediate");
    for (const { delivery, body } of batch) {
      insert.run(delivery.sid, body, Date.now());
    }
    db.exec("commit");
    return Promise.resolve();
  };
}

async function createSameTable(): Promise<(batch: readonly Waiting[]) => Promise<void>> {
  const store = await openStore({ databaseUrl: `sqlite:${file}` });
  return async (batch) => {
    await store.insertAlerts(batch.map(({ delivery }) => alertOf(delivery)));
  };
}

function alertOf({ sid, result }: Delivery): Alert {
  const row: Row = Object.entries(result).map(([field, value]) => [field, [String(value)]]);
  const about = { searchName: "SSH brute force", app: "search", owner: "admin", resultsLink: null };
  return {
    id: sid,
    source: "splunk-webhook",
    sid,
    ...about,
    rows: [row],
    extras: null,
    settings: null,
    receivedAt: new Date(),
  };
}

async function commitWaiting(): Promise<void> {
  const batch = waiting;
  waiting = [];
  await commit(batch);
  for (const { done } of batch) {
    done();
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the bare server checks nothing, that is its point
    const delivery = JSON.parse(body) as Delivery;
    if (waiting.length === 0) {
      setImmediate(() => void commitWaiting());
    }
    waiting.push({
      delivery,
      body,
      done: () => {
        response.statusCode = 202;
        response.end('{"status":"accepted"}');
      },
    });
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : 0);
});
