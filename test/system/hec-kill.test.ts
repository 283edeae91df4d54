import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { stranger } from "../fakes/enrich-desk.ts";
import { eventually } from "../fakes/eventually.ts";
import { type Hec, startHec } from "../fakes/hec.ts";
import { type PortcullisProcess, runPortcullis } from "./run-process.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

const token = "kill-test-hunter2-token";
const hecToken = "kill-test-hunter2-hec-token";
const perAlert = 50;
/** On a busy machine. */
const deadlineMs = 120_000;

interface World {
  readonly dir: string;
  readonly processes: PortcullisProcess[];
  hec: Hec;
}

async function createWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-hec-"));
  cleanups.push(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const settings = { lists: { spamhausDrop: false }, protection: { crawlers: [], refreshCdns: false } };
  writeFileSync(join(dir, "portcullis.yaml"), JSON.stringify(settings));
  const world: World = { dir, processes: [], hec: await startHec({ token: hecToken }) };
  cleanups.push(
    () => world.hec.stop(),
    async () => {
      world.processes.at(-1)?.child.kill("SIGKILL");
      await world.processes.at(-1)?.ended;
    },
  );
  return world;
}

/** @returns where it takes alerts */
async function start({ dir, hec, processes }: World): Promise<string> {
  const running = runPortcullis(
    ["serve"],
    {
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_LEVEL: "debug",
      WEBHOOK_TOKEN: token,
      SPLUNK_HEC_URL: hec.url,
      SPLUNK_HEC_TOKEN: hecToken,
    },
    dir,
  );
  processes.push(running);
  return `${await running.listening}/webhooks/splunk/${token}`;
}

async function kill({ processes }: World): Promise<void> {
  processes.at(-1)?.child.kill("SIGKILL");
  await processes.at(-1)?.ended;
}

/** Alerts from this number on, `perAlert` new addresses each. */
async function post(url: string, from: number, alerts: number): Promise<void> {
  for (let n = from; n < from + alerts; n += 1) {
    const results = Array.from({ length: perAlert }, (_, k) => ({ src_ip: stranger(n * perAlert + k) }));
    const answer = await fetch(url, {
      method: "POST",
      body: JSON.stringify({ sid: `kill_${n}`, search_name: "SSH brute force", results }),
    });
    expect(answer.status).toBe(202);
  }
}

const kindsOf = ({ hec }: World, kind: string) => hec.indexed.filter(({ event }) => event["kind"] === kind);
const decisionsTold = (world: World) =>
  new Set(kindsOf(world, "decision").map(({ event }) => String(event["decision_id"])));

test("kill -9 while events go to Splunk, which is down in between: each decision is told, each event always in the same words", async () => {
  const world = await createWorld();
  let url = await start(world);
  await post(url, 0, 4);
  await eventually("the first decisions told", () => decisionsTold(world).size > 20, deadlineMs);
  await kill(world);

  // Splunk indexes and the answer never comes: what is sent must be sent again.
  world.hec.failNext({ kind: "cut", isIndexed: true }, { kind: "cut", isIndexed: false });
  url = await start(world);
  await post(url, 4, 4);
  await eventually("one more request", () => world.hec.requests.length > 1, deadlineMs);
  await kill(world);

  const { port, indexed } = world.hec;
  await world.hec.stop();
  url = await start(world);
  await post(url, 8, 2);
  await kill(world);

  world.hec = await startHec({ port, token: hecToken });
  world.hec.indexed.push(...indexed);
  await start(world);
  await eventually("all told", () => decisionsTold(world).size === 10 * perAlert, deadlineMs);
  const running = world.processes.at(-1);
  running?.child.kill("SIGTERM");
  expect(await running?.ended).toBe(0);

  const database = new DatabaseSync(join(world.dir, "data", "portcullis.db"), { readOnly: true });
  const recorded = database.prepare("select id from decisions").all();
  database.close();
  expect(decisionsTold(world)).toEqual(new Set(recorded.map(({ id }) => id)));

  const words = Map.groupBy(world.hec.indexed, ({ event }) => event["event_id"]);
  const differing = [...words].filter(([, told]) => new Set(told.map((one) => JSON.stringify(one))).size > 1);
  expect(differing).toEqual([]);
  expect(kindsOf(world, "status").length).toBeGreaterThan(0);
  for (const { out, err } of world.processes) {
    expect(out() + err()).not.toContain("hunter2");
  }
});
