/** The limit to compare with: `node:http`, JSON.parse, one table, commits grouped by setImmediate. Prints its port. */
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const Delivery = z.object({ sid: z.string() });
const [file = ":memory:"] = process.argv.slice(2);
const db = new DatabaseSync(file);
db.exec("pragma journal_mode = wal; pragma synchronous = full");
db.exec("create table alerts (id text primary key, body text not null, received_at integer not null)");
const insert = db.prepare("insert into alerts values (?, ?, ?) on conflict (id) do nothing");

let waiting: { id: string; body: string; done: () => void }[] = [];

function commit(): void {
  const batch = waiting;
  waiting = [];
  db.exec("begin immediate");
  for (const { id, body } of batch) {
    insert.run(id, body, Date.now());
  }
  db.exec("commit");
  for (const { done } of batch) {
    done();
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    const { sid } = Delivery.parse(JSON.parse(body));
    if (waiting.length === 0) {
      setImmediate(commit);
    }
    waiting.push({
      id: sid,
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
