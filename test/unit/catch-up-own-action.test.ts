import { describe, expect, onTestFinished, test } from "vitest";
import type { AlertSettings } from "../../src/domain/alert-settings.ts";
import { catchUp } from "../../src/ingest/catch-up.ts";
import { searchTimeOf } from "../../src/domain/sid.ts";
import type { LostSend, WebhookSearch } from "../../src/ports.ts";
import { openStore } from "../../src/record/open-store.ts";
import { after, sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { MemorySplunk, webhookSearch } from "../fakes/splunk-api.ts";

const sid = (n: number): string => `scheduler__admin__search__RMD5_at_1760000400_${n}`;
const settings: AlertSettings = { fields: null, severity: null, mode: "observe", note: null };

const lost = (n: number, action: LostSend["action"] = "portcullis_block"): LostSend => ({
  action,
  sid: sid(n),
  searchName: "SSH brute force",
  app: "search",
  owner: "admin",
  failedAt: after(n),
  reason: "rows are lost",
});

async function desk(changes: Partial<WebhookSearch> = {}) {
  const store = await openStore({ databaseUrl: "sqlite::memory:" });
  onTestFinished(() => store.close());
  const splunk = new MemorySplunk();
  splunk.searches.push({ ...webhookSearch(""), url: null, ownAction: { settings }, ...changes });
  const look = (seconds: number): Promise<number> =>
    catchUp(
      {
        splunk,
        store,
        isOurs: () => false,
        channels: [],
        holder: "test",
        everySeconds: 300,
        onMissed: () => undefined,
        now: () => after(seconds),
        log: silentLog,
      },
      new AbortController().signal,
    );
  const wanted = () => store.claimRecoveries(sampleClaim({ now: after(100_000), leaseMs: 0 }));
  return { store, splunk, look, wanted };
}

describe("alerts that our own action lost", () => {
  test("are asked for with what the search's form says, as rows of which some may have come", async () => {
    const { store, splunk, look, wanted } = await desk();
    await store.insertAlerts([
      sampleAlert(`al_${searchTimeOf(sid(1))}01`, { sid: sid(1), source: "splunk-action" }),
    ]);
    splunk.lost.push(lost(1), lost(2));

    await look(600);

    expect(await store.knownSids([sid(1), sid(3)])).toContain(sid(1));
    const about = { cause: "missed-rows", searchName: "SSH brute force", settings };
    expect(await wanted()).toMatchObject([
      { sid: sid(1), ...about },
      { sid: sid(2), ...about },
    ]);
  });

  test("wait five minutes, in which other parts of them may still come", async () => {
    const { splunk, look, wanted } = await desk();
    splunk.lost.push(lost(10));

    await look(309);
    const early = await wanted();
    await look(310);

    expect(early).toEqual([]);
    expect(await wanted()).toHaveLength(1);
  });

  test("are told apart from those of a webhook that the search has not", async () => {
    const { splunk, look, wanted } = await desk();
    splunk.lost.push(lost(1, "webhook"));

    await look(600);

    expect(await wanted()).toEqual([]);
  });
});

test("a run that fired is not asked for: what the action keeps it sends by itself", async () => {
  const { store, splunk, look, wanted } = await desk();
  splunk.addRun(sid(1), [[["src_ip", ["203.0.113.9"]]]], { startedAt: t0 });

  await look(600);

  expect(await wanted()).toEqual([]);
  expect(await store.searches()).toMatchObject([
    { name: "SSH brute force", told: { hasWebhook: true, isScheduled: true, lastRunAt: t0 } },
  ]);
});
