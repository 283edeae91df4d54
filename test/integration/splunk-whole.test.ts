import { expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { runApp, temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";
import { splunkDesk } from "./splunk-desk.ts";

const sid = "scheduler__admin__search__RMD5_at_1760000400_12";
const address = (n: number): string => `91.0.${n >> 8}.${n & 255}`;
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({
    src_ip: address(from + n),
    count: "5",
    _time: "1760000399.125000",
  }));

const delivery = {
  sid,
  search_name: "SSH brute force",
  app: "search",
  owner: "admin",
  results_link: `https://splunk.example.net:8000/app/search/@go?sid=${sid}`,
  result: rows(1)[0],
};

test("over TLS with a pinned certificate: 300 attackers of one webhook are all blocked", async () => {
  const { splunk, api } = await splunkDesk();
  splunk.addJob({ sid, searchName: "SSH brute force", rows: rows(300) });
  const { post, provider, store, firewall } = await runApp({ splunk: api, withoutLimits: true });
  for (const { src_ip: ip } of rows(300)) {
    provider.known.set(ip, 8);
  }

  await post(delivery);

  await eventually("300 blocks in the kernel", () => firewall.entries.size === 300, 60_000);
  const counts = await store.counts(new Date());
  expect(counts).toMatchObject({ alerts: 2, rowsRecovered: 299, decisions: { block: 300 } });
  const { items } = await store.listAlerts({ limit: 10, cursor: null });
  expect(items.map(({ source }) => source).toSorted()).toEqual(["splunk-rows", "splunk-webhook"]);
}, 90_000);

test("what Splunk's log says was lost while the receiver was away is found, fetched and processed once", async () => {
  const dataDir = temporaryDir();
  const first = await runApp({ dataDir });
  await first.post({ ...delivery, sid: "1760000000.1" });
  await first.app.stop();
  const { splunk, api } = await splunkDesk();
  const url = `http://portcullis.example.net:8080/webhooks/splunk/${first.token}`;
  splunk.addSearch({ name: "SSH brute force", content: { "action.webhook.param.url": url } });
  splunk.addJob({ sid, searchName: "SSH brute force", rows: rows(20, 100) });
  splunk.logSend({ sid, searchName: "SSH brute force", at: new Date(Date.now() - 60_000) });

  const second = await runApp({ dataDir, splunk: api });

  await eventually(
    "21 decisions",
    async () => (await second.store.counts(new Date())).decisions["watch"] === 21,
    60_000,
  );
  const { items } = await second.store.listAlerts({ limit: 10, cursor: null });
  expect(items.map(({ source, sid: of }) => [source, of])).toEqual([
    ["splunk-recovered", sid],
    ["splunk-webhook", "1760000000.1"],
  ]);
}, 90_000);

test("pull runs a search over TLS and its rows are decided like an alert's", async () => {
  const { splunk } = await splunkDesk();
  splunk.onSearch(() => rows(3));
  const dataDir = temporaryDir();
  const { app, store } = await runApp({ dataDir });

  const pulled = await runCommand(
    ["pull", "--search", "index=main failed", "--name", "nightly", "--url", app.url()],
    { DATA_DIR: dataDir, ...splunk.env() },
  );

  expect(pulled).toMatchObject({ exitCode: 0 });
  await eventually(
    "three decisions",
    async () => (await store.counts(new Date())).decisions["watch"] === 3,
    30_000,
  );
  const { items } = await store.listAlerts({ limit: 10, cursor: null });
  expect(items).toMatchObject([{ source: "pull", searchName: "nightly", rows: 3 }]);
}, 60_000);
